// What people may be told of an election, by the very functions that elect: nobody outside of the core decides by it.
export { type Contender, contenders } from '../election/contenders.ts';
export { standingPledges } from '../election/union.ts';
