/** Whether labels match a selector, as far as a cache must know it of its own writes. */

/** Knows `a`, `!a`, `a=b`, `a==b` and `a!=b`; anything else is taken to match, and the watch corrects it. */
export function matchesLabels(selector: string | undefined, labels: Readonly<Record<string, string>> = {}): boolean {
  if (selector === undefined || selector === '' || selector.includes('(')) return true;
  return selector.split(',').every((term) => matchesTerm(term.trim(), labels));
}

function matchesTerm(term: string, labels: Readonly<Record<string, string>>): boolean {
  const parts = /^([^!=\s]+)\s*(!=|==?)\s*(\S*)$/.exec(term);
  if (parts !== null) {
    const [, key = '', operator, value] = parts;
    return (labels[key] === value) === (operator !== '!=');
  }
  return term.startsWith('!') ? labels[term.slice(1).trim()] === undefined : labels[term] !== undefined;
}
