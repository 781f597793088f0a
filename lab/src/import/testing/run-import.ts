import { main } from '../main.js';

// A program: an import alone, without the build that comes before it.
process.exitCode = await main(process.argv.slice(2));
