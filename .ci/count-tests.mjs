// Counts the tests in Jest's JSON reports: node count-tests.mjs count|refuse-skipped REPORT...
import { existsSync, readFileSync } from 'node:fs';

const [what, ...paths] = process.argv.slice(2);
const reports = paths.map((path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}));
const total = (name) => reports.reduce((sum, report) => sum + (report[name] ?? 0), 0);

if (what === 'refuse-skipped') {
  const ran = total('numPassedTests') + total('numFailedTests') > 0;
  const skipped = total('numPendingTests') + total('numTodoTests');
  console.log(ran ? `${skipped} skipped` : 'no test ran');
  process.exit(ran && skipped === 0 ? 0 : 1);
}
// A spec file that cannot even be loaded has no tests to fail: it counts as one.
console.log(
  `${total('numPassedTests')} passed, ${total('numFailedTests') + total('numRuntimeErrorTestSuites')} failed`,
);
