import { StoreFailure } from '../../../src/daemon/store/store.ts';

/** How a store failed, `fault: message`; what is thrown else goes on. */
export function faultOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof StoreFailure) return `${error.fault}: ${error.message}`;
    throw error;
  }
  return 'no failure';
}
