export { type SpeedConfig, speedConfigSchema } from './config.js';
export type { SpeedOptions } from './session.js';
export { type SpeedLayer, startSpeedLayer } from './start-speed-layer.js';
