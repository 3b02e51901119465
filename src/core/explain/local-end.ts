// How far stopped data reach, for people who plan a recovery.
export { localEndOf } from '../recovery/divergence.ts';
