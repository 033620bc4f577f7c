/** `plumbline completion <shell>`: a script that completes verbs and their options. */
import { Argument, type Command } from 'commander';

export function define(command: Command): void {
  command.addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish'])).action((shell: string) => {
    process.stdout.write(shell === 'fish' ? fish(command.parent) : bash(command.parent, shell === 'zsh'));
  });
}

const verbsOf = (program: Command | null): readonly Command[] => program?.commands ?? [];
const optionsOf = (verb: Command): string[] => verb.options.flatMap(({ long }) => (long ? [long] : []));

function bash(program: Command | null, zsh: boolean): string {
  const verbs = verbsOf(program);
  const cases = verbs.map((verb) => `    ${verb.name()}) words="${optionsOf(verb).join(' ')}" ;;`);
  return `${zsh ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}_plumbline() {
  local words
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    *) words="" ;;
  esac
  [ "$COMP_CWORD" -eq 1 ] && words="${verbs.map((verb) => verb.name()).join(' ')}"
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _plumbline plumbline
`;
}

function fish(program: Command | null): string {
  const lines = verbsOf(program).flatMap((verb) => [
    `complete -c plumbline -n __fish_use_subcommand -f -a ${verb.name()} -d '${verb.description()}'`,
    ...optionsOf(verb).map(
      (option) => `complete -c plumbline -n '__fish_seen_subcommand_from ${verb.name()}' -l ${option.slice(2)}`,
    ),
  ]);
  return `${lines.join('\n')}\n`;
}
