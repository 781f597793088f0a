// Counts the tests in Jest's JSON report: node count-tests.mjs REPORT [refuse-skipped]
import { existsSync, readFileSync } from 'node:fs';

const [path, refuseSkipped] = process.argv.slice(2);
const ran = existsSync(path);
const report = ran ? JSON.parse(readFileSync(path, 'utf8')) : {};
const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = report;
// A spec file that cannot even be loaded has no tests to fail: it counts as one.
const failed = numFailedTests + (report.numRuntimeErrorTestSuites ?? 0);

if (refuseSkipped) {
  const skipped = numPendingTests + numTodoTests;
  console.log(ran ? `${skipped} skipped` : 'no test ran');
  process.exit(ran && skipped === 0 ? 0 : 1);
}
console.log(`${numPassedTests} passed, ${failed} failed`);
