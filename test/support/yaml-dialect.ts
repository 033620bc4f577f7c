/** Texts on which YAML readers are known to differ, for the test that holds ours beside kubectl's. */

export interface DialectCase {
  readonly name: string;
  /** A file; its objects carry the given name, alone or before a dot. */
  readonly text: (name: string) => string;
}

const head = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;

const shown = (text: string): string => JSON.stringify(text).slice(1, -1);

const cases =
  (of: string, wrap: (scalar: string) => string) =>
  (scalar: string): DialectCase => ({
    name: `${of} ${shown(scalar)}`,
    text: (name) => `${head(name)}${wrap(scalar)}`,
  });

const inEveryCase = (word: string): string[] => [
  word,
  word.toUpperCase(),
  `${word.charAt(0).toUpperCase()}${word.slice(1)}`,
  `${word.slice(0, -1)}${word.slice(-1).toUpperCase()}`,
];

const words = ['yes', 'no', 'on', 'off', 'y', 'n', 'true', 'false', 'null', 'nan', '.nan', '.inf', '-.inf', '+.inf'];

/* prettier-ignore */
const scalars = [
  ...new Set(words.flatMap(inEveryCase)), '~', '', 'none', 'undefined', 't', 'f', 'nil', 'NaN', '.NaN',
  '0', '1', '-1', '+1', '-0', '+0', '00', '007', '017', '018', '08', '09', '-017', '+017', '019.5', '0o17', '0O17', '0o18', '-0o17',
  '0x1F', '0X1f', '0xg', '-0x1F', '+0x1F', '0x', '0b1', '0B1', '0b101', '0b2', '-0b11', '+0b11', '0b', '0x1F.8', '0x1p4',
  '1_000', '1__0', '_1', '1_', '0_17', '0x_1F', '-_1', '+_1', '1_0.5', '.5_0', '._5', '1_e3', '1e_3', '1e3_',
  '1.0', '1.', '.5', '-.5', '+.5', '+1.5', '.', '..', '-.', '+.', '-', '+', '--1', '+-1', '.e3', '.5e3', '.5e', '1e3', '1E3', '1e+3', '1e-3', '1.e3', '1e', 'e3', '1e400', '.1e400',
  '1.5e-400', '1.10', '1.2.3', '1,000', '1 000', '100Mi', '1e3Mi', '0.1', '0.30000000000000004', '123456789.123456789',
  '9007199254740991', '-9007199254740991', '9007199254740992', '-9223372036854775808', '18446744073709551615', '99999999999999999999', '1e21', '1e300',
  '2001-01-01', '2001-1-1', '2001-12-14t21:59:43.10-05:00', '2001-12-14 21:59:43', '2001-13-01', '20010101',
  '1:30', '190:20:30', '1:30.5', '12:30:45', '01:02', '-1:30', '0x1F:30',
  '"yes"', "'yes'", '"017"', "'1'", '""', "''", '"~"', "'null'", "'it''s'", '"a\\tb\\n\\x41\\u00e9\\U0001F600\\e\\0\\a\\/\\\\"', '"\\N\\_\\L\\P"', '"a\\q"',
  '"\\ud83d\\ude00"', "'a\\nb'", '"a\\\n    b"', '"a\n    b\n\n    c"', "'a\n    b'", '"tab\there"',
  'a#b', 'a #b', '#', 'a: b', 'a:b', 'a:', ':a', '::', '?a', '-a', '- a', '? a', '!', '&a', '&a x', '*a', '@a', '`a`', '%a', '|', '>', '[', ']', '{', '}', ',a', '=', '<<', '<',
  'http://x/y?z=1&a=b', 'C:\\dir', '$HOME', '${X}', '{{ .Values.x }}', '"{{ .Values.x }}"', 'a  b', ' a ', 'a\tb', '\ta', 'a\t', 'é', '日本', '😀', 'a\u2028b', 'a\u0085b', 'a\u00a0b', '\u00a0',
  '!!str 1', '!!str yes', '!!str', '!!int "5"', '!!int 017', '!!int x', '!!int 5.5', '!!float 1', '!!float "1.5"', '!!float x', '!!bool "yes"', '!!bool x', '!!null ""', '!!null x', '!!binary aGVsbG8=', '!!binary "aGVs\n    bG8="', '!!binary x',
  '!vault x', '!Ref x', '! 1', '! yes', '!!map {a: 1}', '!!seq [a]', '!<tag:yaml.org,2002:str> 1',
  '[]', '{}', '[a, b]', '[a, b,]', '[a b]', '[a, , b]', '[yes, 017, 1:30]', '{a: 1, b}', '{a, b}', '{a: 1,}', '[a: 1]', '[a: 1, b: 2]', '{a:1}', '{"a":1}', "{'a':1}", '{a: {b: [c, {d: e}]}}', '[? a : b]', '{? a : b}', '{[a]: b}', '{{a: b}: c}',
  '[\n    a,\n    b\n  ]', '{\n    a: 1,\n\n    # no\n    b: 2\n  }', '[\n\ta,\n\tb]', '[a]b', '{a: b}c', '[http://x]', '[a#b, c]', '{a: b#c}', '[-1, - 1]', '["a":1]', '[a:1]', '[a:]', '{a:}', '{a:, b:}', '[?a]', '{?a: b}', '[a:, b]', '[a: ]', '[:]', '{:}', '[a:[b]]', '["a":]', '{a: http://x:80/}', '{http://x: 1}',
];

const blocks = [
  'v: [\n  a,\n  b\n  ]\n  w: 1\n',
  'v:\n    - [\n    a, {\n  b: c\n  }\n    ]\n    - d\n',
  'v: {\n  "a": 1\n  }\n',
  'v: "a\n  b\n  \n  c"\n  w: 1\n',
  'v: [a\n  w: 1\n',
  'v: [\n# c\n a # d\n]\n',
  'v: [a,\tb]\n',
  'v: [a,\n\t]\n',
  'v: [\n---\na]\n',
  'v: "\n---\na"\n',
  'v: {a: [\n\t1],\tb: {\n\t\tc: 1\n\t}}\n',
  'v: {<<: {x: 1}, <<: {x: 2}}\n',
  'v: {<<: [{x: 1}, {x: 2}], <<: {x: 3}}\n',
  'v: !!binary |\n    aGVs\n    bG8=\n',
  'v: |\n    a\n    b\n',
  'v: >\n    a\n    b\n\n    c\n',
  'v: |-\n    a\n\n',
  'v: |+\n    a\n\n',
  'v: >-\n    a\n     b\n    c\n',
  'v: >+\n    a\n\n',
  'v: |2\n     a\n    b\n',
  'v: |1\n   a\n',
  'v: |+2\n     a\n\n',
  'v: |2-\n     a\n\n',
  'v: |0\n    a\n',
  'v: | # c\n    a\n',
  'v: |x\n    a\n',
  'v: |\n    a\n   b\n',
  'v: |\n     a\n   b\n',
  'v: |\n\n    a\n',
  'v: |\n      \n    a\n',
  'v: |\n   \n    a\n',
  'v: |\n\ta\n',
  'v: |\n    a\n\tb\n',
  'v: |\n    \ta\n',
  'v: |',
  'v: |\n',
  'v: |\n    ',
  'v: |\n    a',
  'v: |+\n    a',
  'v: |\n    a\n# c\n',
  'v: |\n    # c\n    a\n',
  'v: |\n    a\n    ---\n    b\n',
  'v: |\n    a\n    ...\n',
  'v: >\n    a\n    b   \n    c\n',
  'v: >\n\n    a\n\n\n      b\n    c\n',
  'v: >\n    - a\n    - b\n',
  'v:\n    a\n    b\n',
  'v:\n    a\n\n    b\n',
  'v: a\n    b\n',
  'v: a\n   b: c\n',
  'v: a\n  b\n',
  'v:\n  - a\n  - b\n',
  'v:\n    - a\n    -\n    - - b\n      - c\n',
  'v:\n    - a: 1\n      b: 2\n',
  'v:\n    -   a: 1\n        b: 2\n',
  'v:\n    - a\n   - b\n',
  'v:\n    -a\n',
  'v:\n    a: 1\n   b: 2\n',
  'v:\n     a: 1\n    b: 2\n',
  'v:\n    a: 1\n     b: 2\n',
  'v:\n\ta: 1\n',
  'v: \n  \ta: 1\n',
  'v:\ta\n',
  'v:\t\n',
  'v:\t- a\n',
  'v:\n  -\ta\n',
  'v:\n  - a\n\t- b\n',
  'v: a\n\t\n  w: b\n',
  'v: a\n\t# c\n  w: b\n',
  'v: "a"\t# c\n',
  'v: a\t# c\n',
  'v: a # c\n',
  'v: "a"# c\n',
  "v: 'a'b\n",
  'v: "a" b\n',
  'v: "a\n',
  "v: 'a\n",
  'v: "a\nb"\n',
  'v: [a\n',
  'v: [\na]\n',
  'v: {\na: b}\n',
  'v:    # c\n    a: 1\n',
  'v:\n# c\n    a: 1\n  # d\n    b: 2\n',
  'v: a\n  ? w\n  : b\n',
  '? v\n',
  '? [a]\n  : b\n',
  '? {a: b}\n  : c\n',
  '? |\n    a\n  : b\n',
  '"v": a\n',
  "'v': a\n",
  '"v" : a\n',
  'v : a\n',
  'v w: a\n',
  'v#w: a\n',
  'v:w: a\n',
  '!!str v: a\n',
  '&a v: a\n  w: *a\n',
  '*a : b\n',
  '"a\\nb": c\n',
  'v: &a 1\n  w: *a\n',
  'v: &a [1, 2]\n  w: *a\n  x: [*a, *a]\n',
  'v: &a {b: *a}\n',
  'v: &a\n    b: 1\n  w:\n    c: *a\n',
  'v: *no\n',
  'v: &a 1\n  w: &a 2\n  x: *a\n',
  'v: &a-b_c.d 1\n  w: *a-b_c.d\n',
  'v: &a\n  w: *a\n',
  'v: &a yes\n  w: *a\n',
  '*no : 1\n',
  'v: &k w\n  *k : 1\n',
  'v: &a !!str 1\n  w: !!str &b 2\n  x: [*a, *b]\n',
  'v: [*a]\n  w: &a 1\n',
  'v: &a {x: 1, y: 2}\n  w:\n    <<: *a\n    x: 3\n',
  'v: &a {x: 1, y: 2}\n  w:\n    x: 3\n    <<: *a\n',
  'v: &a {x: 1}\n  b: &b {x: 2, y: 2}\n  w:\n    <<: [*a, *b]\n',
  'v: &a {x: 1}\n  b: &b {x: 2, y: 2}\n  w:\n    <<: [*b, *a]\n    z: 1\n',
  'w:\n    <<: {x: 1}\n',
  'w:\n    <<: 1\n',
  'w:\n    <<: [1]\n',
  'w:\n    <<:\n',
  'w:\n    "<<": {x: 1}\n',
  "w: {'<<': 1}\n",
  'v: &a {x: 1}\n  b: &b {<<: *a, y: 2}\n  w: {<<: *b}\n',
  'v: &a [1]\n  w: {<<: *a}\n',
  'v: &a {x: 1}\n  w: {!!merge <<: *a}\n',
  'v: <<\n',
  'v: [<<]\n',
  'v: &a {x: 1}\n  w: {<<: *a, <<: {y: 1}}\n',
  'v: &a {x: {p: 1}}\n  w: {<<: *a, x: {q: 1}}\n',
  'w: {<<: {x: 1}, x: 2}\n',
  'w: {x: 2, <<: {x: 1}}\n',
  'v: &a {yes: 1}\n  w: {<<: *a}\n',
  '<<: {v: 1}\n',
  '<<: {v: 1}\n  v: 2\n',
];

const files: readonly (readonly [string, (name: string) => string])[] = [
  ['two documents', (name) => `${head(name)}data: {a: 1}\n---\n${head(`${name}.b`)}data: {a: 2}\n`],
  ['three dashes first', (name) => `---\n${head(name)}data: {a: 1}\n`],
  ['three dashes last', (name) => `${head(name)}data: {a: 1}\n---\n`],
  ['three dashes last, no newline', (name) => `${head(name)}data: {a: 1}\n---`],
  ['empty documents', (name) => `---\n---\n# only a comment\n---\n${head(name)}data: {a: 1}\n---\n\n---\n`],
  ['null documents', (name) => `null\n---\n~\n---\n${head(name)}data: {a: 1}\n`],
  ['an empty file', () => ''],
  ['a file of blanks', () => '  \n\n'],
  ['a file of comments', () => '# a\n# b\n'],
  [
    'a comment after the dashes',
    (name) => `--- # first\n${head(name)}data: {a: 1}\n--- # second\n${head(`${name}.b`)}data: {a: 2}\n`,
  ],
  ['blanks after the dashes', (name) => `---   \n${head(name)}data: {a: 1}\n---\t\n${head(`${name}.b`)}data: {a: 2}\n`],
  ['four dashes', (name) => `${head(name)}data: {a: 1}\n----\n${head(`${name}.b`)}data: {a: 2}\n`],
  ['text after the dashes', (name) => `${head(name)}data: {a: 1}\n---text\n${head(`${name}.b`)}data: {a: 2}\n`],
  [
    'a document on the line of the dashes',
    (name) => `--- {apiVersion: v1, kind: ConfigMap, metadata: {name: ${name}}, data: {a: 1}}\n`,
  ],
  ['indented dashes', (name) => `${head(name)}data: {a: 1}\n ---\n${head(`${name}.b`)}data: {a: 2}\n`],
  ['three dots', (name) => `${head(name)}data: {a: 1}\n...\n`],
  ['three dots and dashes', (name) => `${head(name)}data: {a: 1}\n...\n---\n${head(`${name}.b`)}data: {a: 2}\n`],
  ['three dots between documents', (name) => `${head(name)}data: {a: 1}\n...\n${head(`${name}.b`)}data: {a: 2}\n`],
  ['%YAML 1.1', (name) => `%YAML 1.1\n---\n${head(name)}data: {a: yes}\n`],
  ['%YAML 1.2', (name) => `%YAML 1.2\n---\n${head(name)}data: {a: yes}\n`],
  ['%TAG', (name) => `%TAG ! tag:example.com,2000:\n---\n${head(name)}data: {a: 1}\n`],
  [
    'CRLF',
    (name) =>
      `${head(name)}data:\n  a: 1\n  b: |\n    x\n    y\n---\n${head(`${name}.b`)}data: {a: "x\n y"}\n`.replaceAll(
        '\n',
        '\r\n',
      ),
  ],
  ['CR alone', (name) => `${head(name)}data: {a: 1}\n`.replaceAll('\n', '\r')],
  ['a byte order mark', (name) => `\uFEFF${head(name)}data: {a: 1}\n`],
  ['a byte order mark before dashes', (name) => `\uFEFF---\n${head(name)}data: {a: 1}\n`],
  [
    'a byte order mark in the middle',
    (name) => `${head(name)}data: {a: 1}\n---\n\uFEFF${head(`${name}.b`)}data: {a: 2}\n`,
  ],
  ['no newline at the end', (name) => `${head(name)}data: {a: 1}`],
  ['a blank last line', (name) => `${head(name)}data: {a: 1}\n  `],
  ['duplicate keys', (name) => `${head(name)}data: {a: 1, a: 2}\n`],
  ['duplicate keys of other types', (name) => `${head(name)}data: {yes: 1, "true": 2}\n`],
  [
    'anchors do not cross documents',
    (name) => `${head(name)}data: {a: &a 1}\n---\n${head(`${name}.b`)}data: {a: *a}\n`,
  ],
  ['many aliases', (name) => `${head(name)}data:\n  a: &a {x: 1, y: 2}\n  b: [${Array(300).fill('*a').join(', ')}]\n`],
  [
    'many merge keys',
    (name) => `${head(name)}data:\n  a: &a {x: 1, y: 2}\n  b: [${Array(300).fill('{<<: *a, z: 1}').join(', ')}]\n`,
  ],
  [
    'JSON',
    (name) =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name },
        data: { a: 'yes', b: [1, null, true] },
      }),
  ],
  [
    'JSON indented with tabs',
    (name) =>
      JSON.stringify(
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: 'x/y', b: [{ c: 1 }] } },
        null,
        '\t',
      ),
  ],
  [
    'JSON with escapes',
    (name) =>
      `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}"},"data":{"a":"\\/\\u00e9\\ud83d\\ude00\\b\\f"}}`,
  ],
  [
    'JSON objects after each other',
    (name) =>
      `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}"}}\n{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}.b"}}\n`,
  ],
  [
    'JSON and dashes',
    (name) =>
      `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}"}}\n---\n{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}.b"}}\n`,
  ],
  ['a control character', (name) => `${head(name)}data: {a: "\u0001"}\n`],
  ['a NUL', (name) => `${head(name)}data: {a: \u0000}\n`],
  ['deep nesting', (name) => `${head(name)}data: {a: ${'['.repeat(90)}${']'.repeat(90)}}\n`],
  ['a thousand levels', (name) => `${head(name)}data: {a: ${'['.repeat(1000)}${']'.repeat(1000)}}\n`],
];

const value = cases('value', (scalar) => `data:\n  v: ${scalar}\n`);
const key = cases('key', (scalar) => `data:\n  ${scalar}: v\n`);
const item = cases('item', (scalar) => `data: {v: [${scalar}]}\n`);
const block = cases('block', (text) => `data:\n  ${text}`);

export const dialect: readonly DialectCase[] = [
  ...scalars.map(value),
  ...scalars.map(key),
  ...scalars.map(item),
  ...blocks.map(block),
  ...files.map(([name, text]) => ({ name, text })),
];

export interface Difference {
  /** `refused`: by us alone; `read`: by us alone; `more`: kubectl drops what we read. */
  readonly ours: 'refused' | 'read' | 'more';
  readonly names: RegExp;
  readonly why: string;
}

/** Where we do not follow kubectl, and why. */
export const differences: readonly Difference[] = [
  {
    ours: 'refused',
    names: /^key [-+.]*(inf|nan|0\.30000000000000004|123456789\.1|[0-9._]+e[-+]?[0-9]+)/i,
    why: 'kubectl writes such a key in another way than the file',
  },
  { ours: 'refused', names: /^(key|item) (!|!!str|-)$/, why: 'an empty or dangling node is clearer as ""' },
  {
    ours: 'refused',
    names: /^(value|key|item) a[\u0085\u2028]b$/,
    why: 'a line break for YAML 1.1, nothing to see for everybody else',
  },
  {
    ours: 'refused',
    names: /^(value|item) [[{]?(\?a|a:)(: b|, b:?)?[\]}]?$/,
    why: 'inside brackets, YAML 1.1 and 1.2 read it in two ways',
  },
  {
    ours: 'refused',
    names: /^block v: .*<<: .*<<: /,
    why: 'of two << in one map, kubectl prefers the later, of a list the first',
  },
  { ours: 'refused', names: /^block v: \\"a\\"# c/, why: 'text and comment need a blank between them' },
  { ours: 'refused', names: /^duplicate keys/, why: 'kubectl takes the last one, and says nothing' },
  {
    ours: 'refused',
    names: /^(value|key|item) !(vault|Ref)/,
    why: 'kubectl drops the tag of another program, and keeps its text',
  },
  { ours: 'refused', names: /^a thousand levels$/, why: 'the bound is 100' },
  { ours: 'refused', names: /^JSON objects after each other$/, why: 'a JSON file holds one document' },
  { ours: 'refused', names: /^(value|key|item) -?[0-9]{16,20}$/, why: 'a number over 2^53 is not kept exactly' },
  { ours: 'read', names: /^(value|key|item) \\"/, why: 'escapes of YAML 1.2 and JSON' },
  { ours: 'read', names: /^(value|item|key) (:a|!|!!str|&a|http:.*|!!binary .*)$/, why: 'plain text of YAML 1.2' },
  {
    ours: 'read',
    names: /^block v:( \|\\n {4}\\ta| \{a: \[\\n\\t1| a\\n\\t|\\n {2}-\\ta)/,
    why: 'blank space of YAML 1.2',
  },
  { ours: 'read', names: /^block v: &a-b_c\.d/, why: 'names of anchors of YAML 1.2' },
  {
    ours: 'read',
    names: /^(a document on the line of the dashes|%YAML|%TAG|JSON and dashes)/,
    why: 'kubectl cuts the text at the dashes before it reads it',
  },
  { ours: 'more', names: /^three dots between documents$/, why: 'kubectl drops what follows, and says nothing' },
];
