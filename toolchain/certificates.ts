/** A certificate authority and server certificates out of node:crypto alone, so that no other program is needed. */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

export interface Authority extends Certificate {
  /** A server certificate for DNS names and IPv4 addresses. */
  issue(commonName: string, names: readonly string[]): Certificate;
}

interface Template {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly issuerKey: KeyObject;
  readonly issuerPublicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

// ASN.1 DER: a tag, a length, the content. Only what an X.509 certificate (RFC 5280) needs.
const der = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const size = Buffer.from(body.length.toString(16).padStart(body.length > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | size.length]), size, body]);
};
const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const bits = (content: Buffer): Buffer => der(0x03, Buffer.from([0]), content);
const octets = (content: Buffer): Buffer => der(0x04, content);
const yes = der(0x01, Buffer.from([0xff]));

/** An object identifier; every arc that is used here is below 128 squared. */
function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const arcs = rest.flatMap((arc) => {
    const out = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) out.unshift((left & 0x7f) | 0x80);
    return out;
  });
  return der(0x06, Buffer.from([first * 40 + second, ...arcs]));
}

const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'));

function commonName(name: string): Buffer {
  return sequence(der(0x31, sequence(oid('2.5.4.3'), der(0x0c, Buffer.from(name)))));
}

/** GeneralizedTime holds every year; RFC 5280 wants UTCTime before 2050, which the validity here stays below. */
function utcTime(date: string): Buffer {
  return der(0x17, Buffer.from(`${date.replaceAll('-', '').slice(2)}000000Z`));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [yes] : []), octets(value));
}

function keyId(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
}

function certificate({ subject, issuer, publicKey, issuerKey, issuerPublicKey, extensions }: Template): string {
  const serial = randomBytes(16);
  // A positive number whose first byte is not zero.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const identifiers = [
    extension('2.5.29.14', false, octets(keyId(publicKey))),
    extension('2.5.29.35', false, sequence(der(0x80, keyId(issuerPublicKey)))),
  ];
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    ecdsaWithSha256,
    commonName(issuer),
    sequence(utcTime('2020-01-01'), utcTime('2049-01-01')),
    commonName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions, ...identifiers)),
  );
  const text = sequence(body, ecdsaWithSha256, bits(sign('sha256', body, issuerKey))).toString('base64');
  const lines = text.match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

const pem = (key: KeyObject): string => key.export({ type: 'sec1', format: 'pem' }).toString();

const generate = (): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } =>
  generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

/** A new authority with an elliptic curve key. */
export function createAuthority(name: string): Authority {
  const own = generate();
  const parent = { issuer: name, issuerKey: own.privateKey, issuerPublicKey: own.publicKey };
  const caExtensions = [
    extension('2.5.29.19', true, sequence(yes)),
    // keyCertSign and cRLSign.
    extension('2.5.29.15', true, der(0x03, Buffer.from([1, 0x06]))),
  ];
  return {
    certificate: certificate({ ...parent, subject: name, publicKey: own.publicKey, extensions: caExtensions }),
    key: pem(own.privateKey),
    issue: (subject, names) => {
      const leaf = generate();
      const extensions = [
        // digitalSignature; server authentication.
        extension('2.5.29.15', true, der(0x03, Buffer.from([7, 0x80]))),
        extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1'))),
        extension('2.5.29.17', false, sequence(...names.map(alternativeName))),
      ];
      return {
        certificate: certificate({ ...parent, subject, publicKey: leaf.publicKey, extensions }),
        key: pem(leaf.privateKey),
      };
    },
  };
}

function alternativeName(name: string): Buffer {
  if (/^\d+(\.\d+){3}$/.test(name)) return der(0x87, Buffer.from(name.split('.').map(Number)));
  return der(0x82, Buffer.from(name));
}

/** A key pair for signing service-account tokens. */
export function createSigningKey(): { readonly publicKey: string; readonly privateKey: string } {
  const { publicKey, privateKey } = generate();
  return { publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(), privateKey: pem(privateKey) };
}
