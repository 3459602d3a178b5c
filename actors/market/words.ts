/** Shifts from a record to its words: `record << F_SHIFT` needs no overflow check, `record * WORDS_F` does. */
export const F_SHIFT = 3;
export const I_SHIFT = 4;
