// Jest runs the compiled JavaScript: `tsc -b` comes first (npm test does both).
import { existsSync } from 'node:fs';

const isBuilt = (path) => existsSync(new URL(path, import.meta.url));

// Starts a Postgres for the specs that need one. A room can be built and tested without the lab
// when TANDEM_TEST_POSTGRES_URL names a Postgres.
const forAll = {
  globalSetup: '<rootDir>/lab/dist/testing/global-setup.js',
  globalTeardown: '<rootDir>/lab/dist/testing/global-teardown.js',
};

/** Specs of real services end in .svc.spec.ts, those of them that take long in .soak.spec.ts. */
const SUITES = {
  plain: {
    testMatch: ['**/*.spec.js'],
    testPathIgnorePatterns: ['/node_modules/', '\\.(svc|soak)\\.spec\\.js$'],
    // The longest specs wait for processes of their own: one core left idle would be one wasted.
    maxWorkers: '100%',
  },
  // Each starts a Kafka, a Redis and a Postgres; they wait more than they work.
  services: { testMatch: ['**/*.svc.spec.js'], maxWorkers: 2 },
  soak: { testMatch: ['**/*.soak.spec.js'], maxWorkers: 1 },
  all: { testMatch: ['**/*.spec.js'] },
};

export default {
  ...(isBuilt('lab/dist/testing/global-setup.js') ? forAll : {}),
  roots: ['shared', 'batch-layer', 'speed-layer', 'serving-layer', 'lab', 'bench']
    .filter((room) => isBuilt(`${room}/dist`))
    .map((room) => `<rootDir>/${room}/dist`),
  // biome-ignore lint/style/noProcessEnv: Jest's own settings know no other way in.
  ...SUITES[process.env.TANDEM_TEST_SUITE ?? 'all'],
  transform: {},
  testTimeout: 30_000,
};
