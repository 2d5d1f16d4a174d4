/**
 * `fh completion`: scripts by which shells complete fh's command line. They ask `fh complete`, and
 * hand on words as they stand: nothing of them is evaluated.
 *
 * @module
 */
import { parseChoice } from "../ask/text/values.ts";
import { EXIT } from "../fault.ts";
import { command, type CommandSpec } from "./command.ts";

const BASH = `# bash completion for fh
_fh() {
  # Bash cuts words at = and : too; what no blank stands before goes on with the word before.
  local line=\${COMP_LINE:0:COMP_POINT} words=() starts=() piece rest i
  for ((i = 0; i <= COMP_CWORD; i++)); do
    rest=\${line#"\${line%%[![:space:]]*}"}
    piece=\${COMP_WORDS[i]}
    ((i < COMP_CWORD)) || piece=$rest
    if ((i == 0)) || [[ $rest != "$line" ]]; then
      words+=("$piece") starts+=("$i")
    else
      words[\${#words[@]} - 1]+=$piece
    fi
    line=\${rest#"$piece"}
  done
  local cur=\${words[\${#words[@]} - 1]} answer word
  mapfile -t answer < <(command fh complete -- "\${words[@]:1}" 2>/dev/null)
  COMPREPLY=()
  case \${answer[0]} in
    words)
      for word in "\${answer[@]:1}"; do
        COMPREPLY+=("\${word%%$'\\t'*}")
      done
      ;;
    files)
      [[ \${answer[1]} == -[!-]* ]] || compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -P "\${answer[1]}" -f -- "\${cur#"\${answer[1]}"}")
      ;;
    command)
      i=\${answer[1]}
      if ((i + 2 == \${#words[@]})); then
        mapfile -t COMPREPLY < <(compgen -c -- "$cur")
      elif declare -F _command_offset >/dev/null; then
        _command_offset "\${starts[i + 1]}"
      else
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      fi
      ;;
  esac
  # What bash puts in stands for the last piece, and for nothing of a = or :.
  [[ $piece == *[!=:@]* ]] || piece=
  COMPREPLY=("\${COMPREPLY[@]#"\${cur%"$piece"}"}")
}
complete -F _fh fh
`;

const ZSH = `#compdef fh
_fh() {
  local -a answer found
  local word about
  answer=("\${(@f)$(command fh complete -- "\${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
  case $answer[1] in
    (words)
      for word in "\${(@)answer[2,-1]}"; do
        about=\${word#*$'\\t'}
        found+=("\${\${word%%$'\\t'*}//:/\\\\:}\${about:+:$about}")
      done
      _describe -V fh found
      ;;
    (files)
      compset -P "\${(b)answer[2]}"
      _files
      ;;
    (command)
      shift $((answer[2] + 1)) words
      ((CURRENT -= answer[2] + 1))
      _normal
      ;;
  esac
}
if [[ $funcstack[1] == _fh ]]; then
  _fh "$@"
else
  compdef _fh fh
fi
`;

const FISH = `# fish completion for fh
function __fh_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l answer (command fh complete -- $words[2..-1] 2>/dev/null)
  switch "$answer[1]"
    case words
      printf '%s\\n' $answer[2..-1]
    case files
      set -l path (string replace -- "$answer[2]" '' $words[-1])
      printf '%s\\n' "$answer[2]"(__fish_complete_path $path)
    case command
      set -l from (math $answer[2] + 2)
      set -l line
      for word in $words[$from..-1]
        set -a line (string escape -- $word)
      end
      set line[-1] $words[-1]
      complete -C (string join -- ' ' $line)
  end
end
complete -c fh -f -a '(__fh_complete)'
`;

const SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH } as const;
const SHELLS = ["bash", "zsh", "fish"] as const;

/** The command. */
export const completionCommand: CommandSpec = command({
  name: "completion",
  operands: "<shell>",
  offers: [SHELLS],
  summary: "shell completion for bash, zsh or fish",
  options: [],
  examples: [
    "source <(fh completion bash)  for this shell",
    "fh completion bash > /etc/bash_completion.d/fh  for everybody",
    "fh completion fish > ~/.config/fish/completions/fh.fish  for fish",
  ],
  run({ stdout }, [shell]): Promise<number> {
    stdout.write(SCRIPTS[parseChoice("shell", SHELLS)(shell)]);
    return Promise.resolve(EXIT.done);
  },
});
