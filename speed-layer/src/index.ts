export { type SpeedConfig, speedConfigSchema } from './config.js';
export { type SpeedLayer, startSpeedLayer } from './main.js';
export type { SpeedOptions } from './session.js';
