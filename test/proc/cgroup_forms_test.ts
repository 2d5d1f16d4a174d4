/** What engines and schedulers write, each as a source of theirs has it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type CgroupPlace, parseCgroup } from "../../src/proc/cgroup.ts";

const ID = "0123456789abcdef".repeat(4);
const OUTER = "f".repeat(64);
const TASK = "0123456789abcdef".repeat(2);
const UUID = "6f265890-5165-7fab-6b52-18d100112233";
const HANDLE = "6f265890-5165-7fab-6b52-18d1";
const BUILD = "jvifp9a6b1lxa1kuw8bwfcovf";
const POD = "kubepods-besteffort-podd7d1a2a3_0000_11e7_0000_0050568ffca0.slice";

/** Lines of a host with both kinds of hierarchies: of the old ones, of systemd's, the unified. */
function hybrid(old: string, systemd: string, unified: string): string {
  const lines = ["pids", "memory", "cpu,cpuacct"].map((name, at) => `${at + 2}:${name}:${old}`);
  return [...lines, `1:name=systemd:${systemd}`, `0::${unified}`, ""].join("\n");
}

const v1 = (path: string) => hybrid(path, path, "/");
const v2 = (path: string) => `0::${path}\n`;

/** Where a form is written down, the text of the file, and what it says. */
interface Form {
  readonly source: string;
  readonly text: string;
  readonly place: Partial<CgroupPlace>;
}

const container = (name: string, unit: string | null = null) => ({ container: name, unit });
const scope = (prefix: string) => container(ID, `${prefix}-${ID}.scope`);

const DOCKER =
  "docs.docker.com/engine/containers/runmetrics: Find the cgroup for a given container";
const RUNC = "opencontainers/runc, docs/systemd.md, and libcontainer/cgroups";
const PODMAN = "docs.podman.io, podman-run(1): --cgroups=split, --cgroup-manager";
const KUBERNETES =
  "kubernetes.io/docs/setup/production-environment/container-runtimes: cgroup drivers";
const BUILDKIT = "moby/buildkit, executor/oci/spec.go: GenerateSpec()";
const LXC = "linuxcontainers.org, lxc.container.conf(5): lxc.cgroup.dir; lxc/lxc, cgroups/cgfsng.c";
const NSPAWN = "systemd.io/CGROUP_DELEGATION and systemd-nspawn(1)";
const ECS = "aws/amazon-ecs-agent, ecs-agent and agent/taskresource/cgroup";
const FARGATE = "DataDog/dd-trace-go, internal/container_test.go (Fargate, platform 1.4)";
const GARDEN = "cloudfoundry/guardian; DataDog/dd-trace-go, internal/container_test.go";
const NOMAD = "hashicorp/nomad, client/lib/cgroupslib/editor.go: scopeCG1(), pathCG2()";
const SLURM = "slurm.schedmd.com/cgroup_v2.html: Hierarchy overview; cgroups.html for v1";
const CONDOR = "htcondor.readthedocs.io: Cgroup-Based Process Tracking (BASE_CGROUP)";
const MESOS = "mesos.apache.org/documentation/latest/isolators/cgroups-cpu: --cgroups_root";

const FORMS: readonly Form[] = [
  // Containers on hosts with both kinds of hierarchies, their processes left in the unified one.
  {
    source: `${RUNC}: driver cgroupfs on a hybrid host`,
    text: hybrid(`/docker/${ID}`, `/docker/${ID}`, "/system.slice/containerd.service"),
    place: { ...container(ID), path: `/docker/${ID}` },
  },
  {
    source: `${RUNC}: the same, systemd's own line left too`,
    text: hybrid(`/docker/${ID}`, "/system.slice/docker.service", "/system.slice/docker.service"),
    place: container(ID),
  },
  {
    source: `${KUBERNETES}: cgroupfs on a hybrid host`,
    text: hybrid(
      `/kubepods/burstable/pod${UUID}/${ID}`,
      `/kubepods/burstable/pod${UUID}/${ID}`,
      "/system.slice/containerd.service",
    ),
    place: container(ID),
  },
  {
    source: `${LXC}: Docker in LXC on a hybrid host`,
    text: hybrid(
      `/lxc.payload.web/docker/${ID}`,
      `/lxc.payload.web/docker/${ID}`,
      "/lxc.payload.web/system.slice/containerd.service",
    ),
    place: { ...container(ID), path: `/lxc.payload.web/docker/${ID}` },
  },
  {
    source: "cgroups(7): a daemon on a hybrid host",
    text: hybrid("/user.slice", "/system.slice/ssh.service", "/system.slice/ssh.service"),
    place: { container: null, unit: "ssh.service", path: "/system.slice/ssh.service" },
  },
  { source: DOCKER, text: v1(`/docker/${ID}`), place: container(ID) },
  { source: DOCKER, text: v2(`/system.slice/docker-${ID}.scope`), place: scope("docker") },
  { source: `${DOCKER}: an early one`, text: v1(`/${ID}`), place: container(ID) },
  { source: `${DOCKER}: --cgroup-parent`, text: v1(`/mine/${ID}`), place: container(ID) },
  {
    source: `${DOCKER}: Docker in Docker`,
    text: v1(`/docker/${OUTER}/docker/${ID}`),
    place: container(ID),
  },
  {
    source: "docs.docker.com/engine/security/rootless",
    text: v2(`/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${ID}.scope`),
    place: scope("docker"),
  },
  {
    source: "AWSClusterManagers.jl, its tests: a container of GitHub Actions",
    text: v1(`/actions_job/${ID}`),
    place: container(ID),
  },
  {
    source: PODMAN,
    text: v2(`/machine.slice/libpod-${ID}.scope/container`),
    place: scope("libpod"),
  },
  { source: PODMAN, text: v1(`/libpod_parent/libpod-${ID}`), place: container(ID) },
  {
    source: `${PODMAN}: rootless`,
    text: v2(`/user.slice/user-1.slice/user@1.service/user.slice/libpod-${ID}.scope/container`),
    place: scope("libpod"),
  },
  {
    source: `${PODMAN}: split, as Quadlet does`,
    text: v2(`/system.slice/web.service/libpod-payload-${ID}`),
    place: container(ID, "web.service"),
  },
  {
    source: `${PODMAN}: split, conmon`,
    text: v2("/system.slice/web.service/runtime"),
    place: { container: null, unit: "web.service" },
  },
  {
    source: `${PODMAN}: conmon`,
    text: v2(`/machine.slice/libpod-conmon-${ID}.scope`),
    place: { container: null },
  },
  {
    source: "containerd.io, ctr and nerdctl: namespace and id",
    text: v1(`/default/${ID}`),
    place: container(ID),
  },
  {
    source: "containerd.io: nerdctl",
    text: v2(`/system.slice/nerdctl-${ID}.scope`),
    place: scope("nerdctl"),
  },
  {
    source: `${KUBERNETES}: containerd`,
    text: v2(`/kubepods.slice/kubepods-besteffort.slice/${POD}/cri-containerd-${ID}.scope`),
    place: scope("cri-containerd"),
  },
  {
    source: `${KUBERNETES}: containerd, the runtime's driver is another than the kubelet's`,
    text: v1(`/system.slice/containerd.service/${POD}:cri-containerd:${ID}`),
    place: container(ID, "containerd.service"),
  },
  {
    source: `${KUBERNETES}: CRI-O`,
    text: v2(`/kubepods.slice/${POD}/crio-${ID}.scope/container`),
    place: scope("crio"),
  },
  {
    source: `${KUBERNETES}: CRI-O's conmon`,
    text: v2(`/kubepods.slice/${POD}/crio-conmon-${ID}.scope`),
    place: { container: null },
  },
  { source: BUILDKIT, text: v2(`/buildkit/${BUILD}`), place: container(BUILD) },
  { source: BUILDKIT, text: v1(`/docker/buildkit/${BUILD}`), place: container(BUILD) },
  {
    source: `${BUILDKIT}, in dockerd with the driver systemd`,
    text: v2(`/system.slice/system.slice:docker:${BUILD}`),
    place: container(BUILD, "system.slice"),
  },
  {
    source: `${BUILDKIT}, buildx in a container`,
    text: v2(`/system.slice/docker-${OUTER}.scope/buildkit/${BUILD}`),
    place: container(BUILD, `docker-${OUTER}.scope`),
  },
  {
    source: "docs.docker.com/build: the daemon itself",
    text: v2("/system.slice/buildkit.service"),
    place: { container: null, unit: "buildkit.service" },
  },
  { source: LXC, text: v2("/lxc.payload.web"), place: container("web") },
  { source: LXC, text: v1("/lxc/web"), place: container("web") },
  { source: `${LXC}: 3.1 to 3.2`, text: v1("/lxc.payload/web"), place: container("web") },
  { source: `${LXC}: below a folder`, text: v2("/lxc/lxc.payload.web"), place: container("web") },
  { source: `${LXC}: its monitor`, text: v2("/lxc/lxc.monitor.web"), place: { container: null } },
  { source: `${LXC}: its monitor`, text: v2("/lxc.monitor.web"), place: { container: null } },
  {
    source: "pve.proxmox.com: Proxmox",
    text: v2("/lxc/100/ns/init.scope"),
    place: container("100", "init.scope"),
  },
  {
    source: "linuxcontainers.org/incus: the instance c1 in the project p",
    text: v2("/lxc.payload.p_c1/system.slice/ssh.service"),
    place: container("p_c1", "ssh.service"),
  },
  {
    source: NSPAWN,
    text: v2("/machine.slice/systemd-nspawn@web\\x2dtest.service/payload/system.slice/a.service"),
    place: container("web-test", "a.service"),
  },
  {
    source: NSPAWN,
    text: v2("/machine.slice/machine-web.scope/payload"),
    place: container("web", "machine-web.scope"),
  },
  { source: `${ECS}: EC2`, text: v1(`/ecs/${UUID}/${ID}`), place: container(ID) },
  { source: `${ECS}: EC2, long ARNs`, text: v1(`/ecs/prod/${TASK}/${ID}`), place: container(ID) },
  {
    source: `${ECS}: EC2, unified`,
    text: v2(`/ecstasks.slice/ecstasks-${TASK}.slice/docker-${ID}.scope`),
    place: scope("docker"),
  },
  {
    source: FARGATE,
    text: v1(`/ecs/${TASK}/${TASK}-3054012820`),
    place: container(`${TASK}-3054012820`),
  },
  { source: FARGATE, text: v1(`/ecs/${TASK}-1234567890`), place: container(`${TASK}-1234567890`) },
  {
    source: "docs.aws.amazon.com/eks: Fargate, where a pod is a task of ECS",
    text: v1(`/ecs/${TASK}/${TASK}-3057940393/kubepods/besteffort/pod${UUID}/${ID}`),
    place: container(ID),
  },
  {
    source: GARDEN,
    text: hybrid(`/garden/${HANDLE}`, `/system.slice/garden.service/garden/${HANDLE}`, "/"),
    place: container(HANDLE, "garden.service"),
  },
  {
    source: `${GARDEN}: throttled by what it deserves`,
    text: v1(`/system.slice/garden.service/garden/good/${HANDLE}`),
    place: container(HANDLE, "garden.service"),
  },
  {
    source: `${GARDEN}: the daemon`,
    text: v1("/system.slice/garden.service/garden"),
    place: { container: null, unit: "garden.service" },
  },
  {
    source: MESOS,
    text: hybrid(`/mesos/${UUID}`, "/system.slice/mesos-slave.service", "/"),
    place: { ...container(UUID), path: `/mesos/${UUID}` },
  },
  // Jobs are no containers: the path names them, the unit is systemd's.
  {
    source: NOMAD,
    text: v2(`/nomad.slice/share.slice/${UUID}.redis.scope`),
    place: { container: null, unit: `${UUID}.redis.scope` },
  },
  {
    source: NOMAD,
    text: hybrid(`/nomad/${UUID}.redis`, "/system.slice/nomad.service", "/"),
    place: { container: null, unit: "nomad.service", path: `/nomad/${UUID}.redis` },
  },
  {
    source: SLURM,
    text: v2("/system.slice/slurmstepd.scope/job_12/step_0/user/task_0"),
    place: { container: null, unit: "slurmstepd.scope" },
  },
  {
    source: SLURM,
    text: hybrid("/slurm/uid_1000/job_12/step_0/task_0", "/system.slice/slurmd.service", "/"),
    place: {
      container: null,
      unit: "slurmd.service",
      path: "/slurm/uid_1000/job_12/step_0/task_0",
    },
  },
  {
    source: CONDOR,
    text: hybrid(
      "/htcondor/condor_var_lib_condor_execute_slot1_1@n",
      "/system.slice/condor.service",
      "/system.slice/condor.service",
    ),
    place: {
      container: null,
      unit: "condor.service",
      path: "/htcondor/condor_var_lib_condor_execute_slot1_1@n",
    },
  },
  {
    source: CONDOR,
    text: v2("/system.slice/htcondor/condor_var_lib_condor_execute_slot1_1@n"),
    place: { container: null, unit: "system.slice" },
  },
];

test("parseCgroup() knows what engines and schedulers write", () => {
  for (const { source, text, place } of FORMS) {
    const found = parseCgroup(text) as unknown as Record<string, unknown>;
    const asked = Object.fromEntries(Object.keys(place).map((key) => [key, found[key]]));
    assert.deepEqual(asked, place, `${source}\n${text}`);
  }
});

test("parseCgroup() takes a name for a container only where an engine puts it", () => {
  for (
    const path of ["/constructor/x", "/buildkit/x", "/ecs/x/y", "/mesos/x", `/x/${BUILD}`, "/lxc"]
  ) {
    assert.equal(parseCgroup(v2(path)).container, null, path);
  }
});
