/** Asks the registry for known vulnerabilities of what is shipped; says aloud when it cannot be asked, which is not the same as none. */
import { spawnSync } from 'node:child_process';

interface Report {
  readonly auditReportVersion?: number;
  readonly message?: string;
  readonly error?: { readonly code?: string; readonly summary?: string };
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string; readonly range: string }>>;
}

const { stdout, stderr } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { encoding: 'utf8' });

function parse(text: string): Report {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return { message: `${text}${stderr}`.trim().split('\n')[0] || 'no answer' };
  }
}

const report = parse(stdout);
if (report.auditReportVersion === undefined) {
  const why = report.error?.summary || report.error?.code || report.message || 'no reason given';
  process.stdout.write(
    `NOT CHECKED: the registry does not answer npm audit (${why}); nothing is known of vulnerabilities\n`,
  );
} else {
  const found = Object.entries(report.vulnerabilities ?? {});
  for (const [name, { severity, range }] of found) process.stdout.write(`${severity}: ${name} ${range}\n`);
  process.stdout.write(`${found.length} known vulnerabilities in production dependencies\n`);
  const serious = found.filter(([, { severity }]) => severity === 'high' || severity === 'critical');
  process.exitCode = serious.length === 0 ? 0 : 1;
}
