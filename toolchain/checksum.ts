/** Reads the SHA-256 of a release file from the three forms in which projects publish it. */

const sha256 = /^[0-9a-f]{64}$/;

interface ReleaseAssets {
  readonly assets?: readonly { readonly name?: unknown; readonly digest?: unknown }[];
}

/** The checksum of `file` in a bare hash, a `sha256sum` list or GitHub's release JSON; undefined when it is not there. */
export function checksumFor(file: string, text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed.startsWith('{')) return fromAssets(file, trimmed);
  if (sha256.test(trimmed.toLowerCase())) return trimmed.toLowerCase();
  for (const line of trimmed.split('\n')) {
    const [hash = '', name = ''] = line.trim().split(/\s+\*?/);
    if (name.replace(/^.*\//, '') === file && sha256.test(hash.toLowerCase())) return hash.toLowerCase();
  }
  return undefined;
}

function fromAssets(file: string, text: string): string | undefined {
  const assets = assetsIn(text);
  const digest = assets.find(({ name }) => name === file)?.digest;
  if (typeof digest !== 'string' || !digest.startsWith('sha256:')) return undefined;
  const hash = digest.slice('sha256:'.length);
  return sha256.test(hash) ? hash : undefined;
}

function assetsIn(text: string): NonNullable<ReleaseAssets['assets']> {
  try {
    // The edge to somebody else's JSON: every field is looked at before it is used.
    const { assets } = JSON.parse(text) as ReleaseAssets;
    return assets instanceof Array ? assets : [];
  } catch {
    return [];
  }
}
