import { DONE, type Perform } from './hands.ts';

export const answer: Perform<'answer'> = ({ requestId, ok, text }, { requests }) => {
  requests.answer(requestId, { ok, text });
  return Promise.resolve(DONE);
};

export const exit: Perform<'exit'> = ({ code, why }, hands) => {
  hands.exit(code, why);
  return Promise.resolve(DONE);
};
