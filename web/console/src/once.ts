/** What is pressed twice in a hurry is sent once. */
import { ref } from "vue";

/** `once` makes of a work one that does nothing while another of the same page is on its way. */
export function useOnce() {
  const isBusy = ref(false);
  const once =
    <Given extends unknown[]>(work: (...given: Given) => Promise<void>) =>
    async (...given: Given): Promise<void> => {
      if (isBusy.value) return;
      isBusy.value = true;
      try {
        await work(...given);
      } finally {
        isBusy.value = false;
      }
    };
  return { isBusy, once };
}
