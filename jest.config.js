// Jest runs the compiled JavaScript: `tsc -b` comes first (npm test does both).
export default {
  roots: ['shared', 'batch-layer', 'speed-layer', 'serving-layer', 'lab', 'bench'].map(
    (room) => `<rootDir>/${room}/dist`,
  ),
  testMatch: ['**/*.spec.js'],
  transform: {},
  testTimeout: 30_000,
};
