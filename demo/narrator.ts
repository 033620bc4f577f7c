/** Tells the story on the terminal: chapters, facts, waits with their time. */
import { styleText } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';

const colour = process.stdout.isTTY;
const style = (format: Parameters<typeof styleText>[0], text: string): string =>
  colour ? styleText(format, text) : text;

let chapterNumber = 0;

export function chapter(title: string): void {
  chapterNumber += 1;
  process.stdout.write(`\n${style('bold', `${chapterNumber}. ${title}`)}\n`);
}

export const say = (text: string): void => void process.stdout.write(`   ${text}\n`);

/** Waits until the check gives a value, and tells how long that took. @throws when it does not within the time. */
export async function until<T>(what: string, check: () => Promise<T | undefined>, withinMs = 15_000): Promise<T> {
  const started = performance.now();
  let last: unknown;
  while (performance.now() - started < withinMs) {
    try {
      const found = await check();
      if (found !== undefined) {
        const seconds = ((performance.now() - started) / 1000).toFixed(1);
        process.stdout.write(`   ${style('green', 'ok')} ${what} ${style('dim', `(${seconds} s)`)}\n`);
        return found;
      }
    } catch (error) {
      last = error;
    }
    await sleep(50);
  }
  const why = last instanceof Error ? `: ${last.message}` : '';
  throw new Error(`not seen within ${withinMs / 1000} s: ${what}${why}`);
}
