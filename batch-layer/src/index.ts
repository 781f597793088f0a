export * from './batch-layer-options.js';
export { giveWay } from './give-way.js';
export * from './main.js';
