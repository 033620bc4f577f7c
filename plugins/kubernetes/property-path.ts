/** Pulumi's property paths: `spec.ports[0].port`, `metadata.annotations["example.com/a"]`, in pieces. */

export type PathStep = string | number;

const piece = /\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|([^.[\]]+)/g;

export function parsePath(text: string): PathStep[] {
  return [...text.matchAll(piece)].map(([, quoted, index, plain = '']) => {
    if (quoted !== undefined) return quoted.replace(/\\(.)/g, '$1');
    return index === undefined ? plain : index === '*' ? '*' : Number(index);
  });
}
