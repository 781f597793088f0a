/** The k-th smallest of some numbers (k from 1), in a time that grows with their count. Reorders them. Source: Hoare, "Algorithm 65: Find" (1961). */
export function kthSmallest(numbers: Float64Array, k: number): number {
  let [left, right] = [0, numbers.length - 1];
  while (left < right) {
    const [below, above] = splitAround(numbers, left, right);
    if (k - 1 <= below) right = below;
    else if (k - 1 >= above) left = above;
    else break;
  }
  return numbers[k - 1] as number;
}

/** Puts what is smaller than one of the numbers before what is larger; returns where the two parts end and begin. */
function splitAround(numbers: Float64Array, left: number, right: number): readonly [below: number, above: number] {
  const middle = numbers[(left + right) >>> 1] as number;
  let [i, j] = [left, right];
  while (i <= j) {
    while ((numbers[i] as number) < middle) i++;
    while ((numbers[j] as number) > middle) j--;
    if (i > j) break;
    const swapped = numbers[i] as number;
    numbers[i++] = numbers[j] as number;
    numbers[j--] = swapped;
  }
  return [j, i];
}
