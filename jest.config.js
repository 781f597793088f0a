// Jest runs the compiled JavaScript: `tsc -b` comes first (npm test does both).
import { existsSync } from 'node:fs';

const isBuilt = (path) => existsSync(new URL(path, import.meta.url));

// Starts a Postgres for the specs that need one. A room can be built and tested without the lab
// when TANDEM_TEST_POSTGRES_URL names a Postgres.
const forAll = {
  globalSetup: '<rootDir>/lab/dist/testing/global-setup.js',
  globalTeardown: '<rootDir>/lab/dist/testing/global-teardown.js',
};

export default {
  ...(isBuilt('lab/dist/testing/global-setup.js') ? forAll : {}),
  roots: ['shared', 'batch-layer', 'speed-layer', 'serving-layer', 'lab', 'bench']
    .filter((room) => isBuilt(`${room}/dist`))
    .map((room) => `<rootDir>/${room}/dist`),
  testMatch: ['**/*.spec.js'],
  transform: {},
  testTimeout: 30_000,
};
