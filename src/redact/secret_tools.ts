/**
 * Where programs for shells, keys, archives, networks and other machines take secrets.
 *
 * @module
 */
import {
  AFTER_COLON,
  AFTER_COLON_OR_ALL,
  P_PASSWORD,
  REST,
  type SecretTable,
} from "./secret_rule.ts";

/** Of the TPM: not what says where it stands. */
const TPM_PASSWORD = /^(?:str:|hex:)?(?!session:|file:|pcr:)(.+)$/ds;

/** Programs for shells, keys, archives, networks and other machines. */
export const TOOLS: SecretTable = [
  ["sshpass", { rules: [{ letters: "p" }], wraps: true }],
  ["ssh sh bash dash zsh ash ksh mksh fish busybox su runuser", {
    rules: [],
    shell: true,
    common: true,
  }],
  ["xfreerdp xfreerdp3 wlfreerdp sdl-freerdp", {
    rules: [
      { prefixes: ["/p:", "/pth:", "/gp:"] },
      { prefixes: ["/gateway:"], part: /(?:^|,)p:([^,]+)/d },
    ],
  }],
  ["plink pscp psftp putty", { rules: [{ options: ["-pw"] }] }],
  ["openssl", {
    rules: [
      { letters: "kK", value: "next" },
      { options: ["-hmac"] },
      { options: ["-macopt"], part: AFTER_COLON },
      { operands: [1, REST], after: ["passwd"] },
    ],
  }],
  ["pkcs11-tool pkcs15-crypt", {
    rules: [{ letters: "p", value: "next", options: ["--pin", "--new-pin"] }],
  }],
  ["pkcs15-tool pkcs15-init sc-hsm-tool softhsm2-util p11tool", {
    rules: [{
      options: [
        ...["--pin", "--new-pin", "--puk", "--so-puk", "--so-pin", "--file-pin"],
        ...["--set-pin", "--set-so-pin"],
      ],
    }],
  }],
  ["yubico-piv-tool", { rules: [{ letters: "pPNn" }, { letters: "k", value: "same" }] }],
  [
    "tpm2_create tpm2_createprimary tpm2_load tpm2_unseal tpm2_nvread tpm2_nvwrite tpm2_nvdefine " +
    "tpm2_changeauth tpm2_sign tpm2_rsadecrypt tpm2_encryptdecrypt tpm2_import",
    { rules: [{ letters: "pP", part: TPM_PASSWORD }] },
  ],
  ["gpg-preset-passphrase", { rules: [{ letters: "P" }] }],
  ["openvpn", { rules: [], harmless: ["--auth-user-pass"], common: true }],
  ["ssh-keygen", { rules: [{ letters: "NP", bare: "qpy" }] }],
  [
    "snmpget snmpgetnext snmpset snmpwalk snmpbulkget snmpbulkwalk snmptable snmptrap snmpstatus " +
    "snmpinform snmptest snmpdf snmpnetstat snmpdelta snmpusm snmpvacm snmpps",
    { rules: [{ letters: "AXc" }, { operands: [1, 2], after: ["passwd"] }] },
  ],
  ["htpasswd mosquitto_passwd", {
    rules: [{ operands: [3, 3], needs: "b" }, { operands: [2, 2], needs: "bn" }],
    valued: "C",
  }],
  ["mkpasswd", { rules: [{ operands: [1, 1] }], valued: "mSRP" }],
  ["wpa_passphrase", { rules: [{ operands: [2, 2] }] }],
  ["useradd usermod adduser groupadd groupmod", { rules: [{ letters: "p", bare: "mrMNoUlD" }] }],
  ["7z 7za 7zr 7zz p7zip", { rules: [{ letters: "p", value: "same" }] }],
  ["rar unrar", { rules: [{ prefixes: ["-p", "-hp"] }] }],
  ["zip zipcloak zipnote zipsplit", {
    rules: [{ letters: "P", bare: "0123456789cdDeFfgjlmoqrSTuvXy" }],
  }],
  ["unzip funzip", { rules: [{ letters: "P", bare: "acCfjlLnopqtuvX" }] }],
  ["nmcli pppd", { rules: [{ named: true }] }],
  ["unar lsar veracrypt truecrypt", { rules: [P_PASSWORD] }],
  ["zpaq", { rules: [{ options: ["-key"] }] }],
  ["dislocker dislocker-fuse dislocker-file dislocker-metadata", {
    rules: [{ letters: "up", value: "same" }],
  }],
  ["hdparm", {
    rules: [{
      options: [
        "--security-unlock",
        "--security-disable",
        "--security-erase",
        "--security-erase-enhanced",
      ],
    }],
  }],
  ["qpdf", { rules: [{ operands: [1, 2], after: ["--encrypt"] }] }],
  ["pdftk", { rules: [{ named: true }] }],
  ["pdftotext pdftoppm pdfimages pdfinfo pdftocairo pdftohtml pdftops pdffonts pdfdetach pdfsig", {
    rules: [{ options: ["-upw", "-opw"] }],
  }],
  ["slappasswd", { rules: [{ letters: "s" }] }],
  ["nsupdate dig mdig", { rules: [{ letters: "y", part: /:([^:]+)$/d }] }],
  ["mount mount.cifs mount.smb3", {
    rules: [{ letters: "o", part: /(?:^|,)user(?:name)?=[^,%]*%([^,]+)/d }],
  }],
  ["curlftpfs", {
    rules: [{ letters: "o", part: /(?:^|,)(?:proxy_)?user=[^:,]*:([^,]+)/d }],
  }],
  ["wpa_cli", {
    rules: [
      { named: true, after: ["set_network", "set_cred", "set"] },
      // Behind these comes the number of a network.
      { operands: [2, 2], after: ["password", "new_password", "passphrase", "otp", "pin"] },
    ],
  }],
  ["iwconfig", { rules: [{ operands: [1, 1], after: ["key", "enc"] }] }],
  ["iw", { rules: [{ operands: [1, 1], after: ["key"], part: AFTER_COLON_OR_ALL }] }],
  ["openfortivpn", { rules: [P_PASSWORD] }],
  ["vncdo vncdotool sendxmpp hydra medusa ldapdomaindump bloodhound-python", {
    rules: [{ letters: "p", value: "next" }],
  }],
  ["irssi", { rules: [{ letters: "w" }] }],
  ["swaks", { rules: [{ options: ["-ap"] }] }],
  ["sendemail sendEmail", { rules: [{ options: ["-xp"] }] }],
  [
    "psexec smbexec wmiexec atexec dcomexec secretsdump getTGT GetUserSPNs GetNPUsers " +
    "impacket-psexec impacket-smbexec impacket-wmiexec impacket-secretsdump",
    {
      rules: [{ operands: [1, 1], part: /^[^:@]{1,256}:(.+?)(?:@[^@]*)?$/ds }, {
        options: ["-hashes"],
      }],
    },
  ],
  ["check_mysql check_mysql_query check_pgsql check_radius check_disk_smb", {
    rules: [P_PASSWORD],
  }],
  ["check_ldap check_ldaps", { rules: [{ letters: "P" }] }],
  ["check_snmp", { rules: [{ letters: "CAX" }] }],
  [
    "fence_ipmilan fence_ilo fence_ilo4 fence_ilo5 fence_apc fence_apc_snmp fence_drac " +
    "fence_drac5 fence_idrac fence_rsa fence_wti fence_vmware_soap fence_vmware_rest " +
    "fence_bladecenter",
    { rules: [P_PASSWORD] },
  ],
  ["ipmitool", {
    rules: [{ letters: "Pky" }, { operands: [2, 2], after: ["set password"] }],
  }],
  [
    "ipmi-chassis ipmi-console ipmi-dcmi ipmi-fru ipmi-oem ipmi-power ipmi-raw ipmi-sel " +
    "ipmi-sensors ipmi-config ipmi-chassis-config ipmi-pef-config ipmi-sensors-config ipmi-pet " +
    "ipmipower ipmiconsole bmc-config bmc-device bmc-info",
    { rules: [{ letters: "pk" }] },
  ],
  ["racadm redfishtool esxcli", { rules: [P_PASSWORD] }],
  ["ss-local ss-server ss-redir ss-tunnel ss-manager sslocal ssserver", {
    rules: [{ letters: "k" }],
  }],
  ["fs_cli", { rules: [{ letters: "p" }] }],
  ["ccrypt ccencrypt ccdecrypt ccat", { rules: [{ letters: "KH", options: ["--key", "--key2"] }] }],
  ["erl werl iex elixir run_erl", { rules: [{ options: ["-setcookie", "--cookie"] }] }],
  ["openconnect", { rules: [{ letters: "C", options: ["--cookie"] }] }],
  ["vmrun", { rules: [{ options: ["-gp", "-vp"] }] }],
];
