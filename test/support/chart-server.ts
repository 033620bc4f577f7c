/** Serves one packaged chart as a Helm repository and as an OCI registry, to those who log in. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';

export interface ChartServer extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  readonly repository: string;
  /** `oci://127.0.0.1:port/charts` */
  readonly registry: string;
  /** Paths that were asked for with the right password. */
  readonly asked: readonly string[];
}

export const chartLogin = { username: 'reader', password: 'chart-password' };

interface Answer {
  readonly type: string;
  readonly body: Buffer;
}

/** @param archive path of `name-version.tgz`, as `helm package` makes it */
export async function serveChart(archive: string, name: string, version: string): Promise<ChartServer> {
  const answers = answersFor(basename(archive), await readFile(archive), name, version);
  const login = `Basic ${Buffer.from(`${chartLogin.username}:${chartLogin.password}`).toString('base64')}`;
  const asked: string[] = [];
  const server = createServer(({ url = '', headers, method }, response) => {
    if (headers.authorization !== login) return refuse(response);
    asked.push(url);
    const answer = answers.get(url);
    if (answer === undefined) return void response.writeHead(404).end();
    const { type, body } = answer;
    response.writeHead(200, {
      'content-type': type,
      'content-length': body.length,
      'docker-content-digest': digest(body),
    });
    response.end(method === 'HEAD' ? undefined : body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    repository: `http://127.0.0.1:${port}`,
    registry: `oci://127.0.0.1:${port}/charts`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const refuse = (response: ServerResponse): void =>
  void response.writeHead(401, { 'www-authenticate': 'Basic realm="charts"' }).end();

const digest = (body: Buffer): string => `sha256:${createHash('sha256').update(body).digest('hex')}`;

function answersFor(file: string, archive: Buffer, name: string, version: string): ReadonlyMap<string, Answer> {
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  const entry = { apiVersion: 'v2', name, version, urls: [file], digest: digest(archive).slice('sha256:'.length) };
  const config = json({ apiVersion: 'v2', name, version });
  const layer = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';
  const manifestType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = json({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: 'application/vnd.cncf.helm.config.v1+json', digest: digest(config), size: config.length },
    layers: [{ mediaType: layer, digest: digest(archive), size: archive.length }],
  });
  const base = `/v2/charts/${name}`;
  const blob = (body: Buffer): readonly [string, Answer] => [
    `${base}/blobs/${digest(body)}`,
    { type: 'application/octet-stream', body },
  ];
  return new Map<string, Answer>([
    ['/index.yaml', { type: 'text/yaml', body: json({ apiVersion: 'v1', entries: { [name]: [entry] } }) }],
    [`/${file}`, { type: 'application/gzip', body: archive }],
    ['/v2/', { type: 'application/json', body: json({}) }],
    [`${base}/tags/list`, { type: 'application/json', body: json({ name: `charts/${name}`, tags: [version] }) }],
    [`${base}/manifests/${version}`, { type: manifestType, body: manifest }],
    [`${base}/manifests/${digest(manifest)}`, { type: manifestType, body: manifest }],
    blob(archive),
    blob(config),
  ]);
}
