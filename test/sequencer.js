/**
 * The order of a first run, when nothing is known of how long each file takes. Those that start Pulumi's engine keep a
 * core busy, other integration tests mostly wait: they alternate. Unit tests are short, and fill what is left in the end.
 */
import Sequencer from '@jest/test-sequencer';

const unit = /^(?!.*\/integration\/)/;
const busy = /\/integration\/(pulumi|provider|engine)-/;

export default class AlternatingSequencer extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    if (sorted.some(({ duration }) => duration !== undefined)) return sorted;
    const groups = Map.groupBy(sorted, ({ path }) => (unit.test(path) ? 'unit' : busy.test(path) ? 'busy' : 'waiting'));
    const placed = ['busy', 'waiting'].flatMap((name) => {
      const group = groups.get(name) ?? [];
      return group.map((test, index) => ({ test, at: index / group.length }));
    });
    return [...placed.sort((a, b) => a.at - b.at).map(({ test }) => test), ...(groups.get('unit') ?? [])];
  }
}
