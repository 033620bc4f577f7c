/** `plumbline import pulumi-operator <file...>`: manifests of the Pulumi Kubernetes Operator, said in Plumbline's words. */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { Argument, type Command } from 'commander';
import { loadAll } from 'js-yaml';
import { failure } from '#runtime';
import { isMap } from './pulumi-operator/fields.ts';
import { printYaml, warningsOf } from './pulumi-operator/print.ts';
import { translate } from './pulumi-operator/translate.ts';

export function define(command: Command): void {
  command
    .addArgument(new Argument('<from>', 'whose manifests').choices(['pulumi-operator']))
    .argument('<file...>', 'YAML or JSON files; - is stdin')
    .action(async (_from: string, files: readonly string[]) => {
      const documents = (await Promise.all(files.map(read))).flat();
      const translated = translate(documents);
      if (translated.length === 0)
        throw failure('CommandInvalid', { what: `${files.join(', ')}: no object in it`, expected: 'manifests' });
      process.stdout.write(printYaml(translated));
      for (const warning of warningsOf(translated)) process.stderr.write(`plumbline: ${warning}\n`);
    });
}

/** The documents of a file; those of a List one by one. @throws Failure CommandInvalid */
async function read(file: string): Promise<unknown[]> {
  try {
    const documents = loadAll(file === '-' ? await text(process.stdin) : await readFile(file, 'utf8'));
    return documents.flatMap((document) =>
      isMap(document) && Array.isArray(document['items']) ? (document['items'] as unknown[]) : [document],
    );
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    throw failure('CommandInvalid', { where: file, what, remedy: 'correct the file' }, { cause });
  }
}
