export { KINDS, pathOf } from './kinds.js';
export type { Kind, KubeObject, ObjectMeta } from './kinds.js';
export { KubeConnection } from './connection.js';
export type { KubeRequest } from './connection.js';
export { KubeClient } from './client.js';
export type { FieldManager, Keep, ListPage, Where } from './client.js';
export { KubeError } from './kube.error.js';
export { Reflector, keyOf } from './reflector.js';
export type { ReflectorOptions } from './reflector.js';
