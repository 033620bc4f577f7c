/** Writes an app as YAML: one folder a chart, one file a construct of the chart, the same bytes for the same program. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ApiObject, Chart, Yaml } from 'cdk8s';
import type { App } from 'cdk8s';

/** Exit code of a program whose app breaks a policy. */
const refused = 2;

/**
 * Validates the app and writes `<outdir>/<chart>/<construct>.yaml`. (App.synth's own layouts put all of a chart in one file,
 * or name files by kind and name only, so that two namespaces' objects of one name overwrite each other.)
 * When a validation fails, nothing is written, every finding is printed, and the process will exit with code 2.
 */
export function synthesise(app: App): void {
  const broken = app.node.findAll().flatMap((construct) => construct.node.validate());
  if (broken.length > 0) {
    process.stderr.write(broken.map((message) => `${message}\n`).join(''));
    process.exitCode = refused;
    return;
  }
  for (const [file, text] of filesOf(app)) {
    const path = join(app.outdir, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

/** The files of an app by relative path; the documents of a file stand in the order in which the program made them. */
export function filesOf(app: App): Map<string, string> {
  const documents = new Map<string, unknown[]>();
  for (const construct of app.node.findAll()) {
    if (!(construct instanceof ApiObject)) continue;
    const file = fileOf(construct);
    documents.set(file, [...(documents.get(file) ?? []), construct.toJson()]);
  }
  return new Map([...documents].map(([file, list]) => [file, Yaml.stringify(...list)]));
}

/** `<chart>/<the chart's child that holds the object>.yaml` */
function fileOf(object: ApiObject): string {
  const chart = Chart.of(object);
  const path = object.node.scopes;
  const child = path[path.indexOf(chart) + 1] ?? object;
  return `${chart.node.id}/${child.node.id}.yaml`;
}
