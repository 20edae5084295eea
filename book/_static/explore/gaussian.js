/* Exact Gaussian algebra on the cells of a small table, in float64, under the names of the Python module. No pictures.

   Cov[y_s(x_i), y_t(x_j)] = sum_q B_q[s][t] k_q(x_i, x_j) + [i = j] Sigma[s][t]   (book: one-equation)

   terms:  a list of {B, k}, where B is a matrix and k(x, z) a kernel
   cells:  {x, row, task}, three lists of one length; cells share noise when their row is the same number
   B and Sigma are arrays of rows; everything that is computed is a Float64Array, row by row. */
(function (MTGP) {
  "use strict";

  /* Kernels with variance 1 and length-scale l, as functions of two numbers; the variance stands in B. */
  const kernels = {
    rbf: (l) => (x, z) => Math.exp((-0.5 * (x - z) * (x - z)) / (l * l)),
    matern12: (l) => (x, z) => Math.exp(-Math.abs(x - z) / l),
    matern32: (l) => (x, z) => {
      const d = (Math.sqrt(3) * Math.abs(x - z)) / l;
      return (1 + d) * Math.exp(-d);
    },
    matern52: (l) => (x, z) => {
      const d = (Math.sqrt(5) * Math.abs(x - z)) / l;
      return (1 + d + (d * d) / 3) * Math.exp(-d);
    },
  };

  /* B = W W^T + diag(kappa); W: [T][R], kappa: [T], not negative (book: icm). */
  function coregionalization(W, kappa) {
    return W.map((w, s) => W.map((v, t) => dot(w, v) + (s === t ? kappa[s] : 0)));
  }

  /* Two standard deviations and a correlation as a covariance matrix. */
  function pair(sd1, sd2, rho) {
    return [[sd1 * sd1, rho * sd1 * sd2], [rho * sd1 * sd2, sd2 * sd2]];
  }

  /* sum_q B_q[s][t] k_q(x, z) for cells of a and of b: [a, b]. */
  function signalCovariance(terms, a, b) {
    const n = a.x.length, m = b.x.length, C = new Float64Array(n * m);
    for (const { B, k } of terms) {
      for (let i = 0; i < n; i++) {
        const x = a.x[i], scales = B[a.task[i]];
        for (let j = 0; j < m; j++) {
          const scale = scales[b.task[j]];
          if (scale !== 0) C[i * m + j] += scale * k(x, b.x[j]);
        }
      }
    }
    return C;
  }

  /* [i = j] Sigma[s][t], added to C where one is given: cells share noise in the same row, not at the same x. */
  function noiseCovariance(Sigma, a, b, C = new Float64Array(a.x.length * b.x.length)) {
    const m = b.x.length;
    a.row.forEach((row, i) => b.row.forEach((other, j) => {
      if (row === other) C[i * m + j] += Sigma[a.task[i]][b.task[j]];
    }));
    return C;
  }

  /* The one equation: covariance [n, n] of the observed values in cells. */
  function observationCovariance(terms, Sigma, cells) {
    return noiseCovariance(Sigma, cells, cells, signalCovariance(terms, cells, cells));
  }

  /* What earlier columns take from four entries of row i, from column j on. A sum waits for its last term: four at once
     take the time of two, and each keeps its order. */
  function four(C, n, i, j) {
    const at = i * n, p = j * n, q = p + n, r = q + n, s = r + n;
    let a = C[at + j], b = C[at + j + 1], c = C[at + j + 2], d = C[at + j + 3];
    for (let k = 0; k < j; k++) {
      const v = C[at + k];
      a -= v * C[p + k]; b -= v * C[q + k]; c -= v * C[r + k]; d -= v * C[s + k];
    }
    C[at + j] = a; C[at + j + 1] = b; C[at + j + 2] = c; C[at + j + 3] = d;
  }

  /* Lower factor of a positive definite matrix [n, n], in its place; never adds jitter. Throws a RangeError when a pivot,
     relative to its diagonal entry, is not above rounding error: what is left of that variable after the earlier ones. */
  function cholesky(C) {
    const n = Math.round(Math.sqrt(C.length));
    for (let i = 0; i < n; i++) {
      const variance = C[i * n + i];
      for (let j = 0; j <= i; j++) {
        const block = j - (j % 4), from = block + 3 < i ? block : 0;
        if (j === block && from) four(C, n, i, j);
        let c = C[i * n + j];
        for (let k = from; k < j; k++) c -= C[i * n + k] * C[j * n + k];
        if (j < i) C[i * n + j] = c / C[j * n + j];
        else if (c > n * Number.EPSILON * variance) C[i * n + i] = Math.sqrt(c);
        else throw new RangeError(`the ${n} x ${n} matrix is not positive definite to working precision`);
      }
      C.fill(0, i * n + i + 1, (i + 1) * n);
    }
    return C;
  }

  /* Solve L z = b, in the place of b. */
  function forward(L, b) {
    const n = b.length;
    for (let i = 0; i < n; i++) {
      let v = b[i];
      for (let k = 0; k < i; k++) v -= L[i * n + k] * b[k];
      b[i] = v / L[i * n + i];
    }
    return b;
  }

  /* Solve L^T a = z, in the place of z. */
  function backward(L, z) {
    const n = z.length;
    for (let i = n - 1; i >= 0; i--) {
      const v = (z[i] /= L[i * n + i]);
      for (let k = 0; k < i; k++) z[k] -= L[i * n + k] * v;
    }
    return z;
  }

  function dot(a, b) {
    let sum = 0;
    for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
    return sum;
  }

  /* What does not change while only values do: the factor of the observed cells, and minus half its log determinant. */
  function condition(terms, Sigma, cells) {
    const n = cells.x.length, L = cholesky(observationCovariance(terms, Sigma, cells));
    let complexity = 0;
    for (let i = 0; i < n; i++) complexity -= Math.log(L[i * n + i]);
    return { terms, Sigma, cells, L, complexity };
  }

  /* C^-1 y for values y (mean zero) of the observed cells, with log N(y | 0, C) in nats and its parts:
     logLikelihood = fit + complexity + constant. */
  function logLikelihood(factor, y) {
    const z = forward(factor.L, Float64Array.from(y)), weights = backward(factor.L, z.slice());
    const fit = -0.5 * dot(z, z), constant = -0.5 * y.length * Math.log(2 * Math.PI);
    return { weights, fit, complexity: factor.complexity, constant, value: fit + factor.complexity + constant };
  }

  /* What does not change while only values do, for the wanted cells: cross [m, n] and variance [m]; with joint the
     covariance [m, m] too. noise: of y instead of f, where the noise of observed cells in the same row speaks too (give
     new rows numbers of their own). terms: some of the model's, for a part of f. */
  function explained(factor, wanted, { noise = false, joint = false, terms = factor.terms } = {}) {
    const { L, cells, Sigma } = factor, n = cells.x.length, m = wanted.x.length;
    const cross = signalCovariance(terms, wanted, cells), variance = new Float64Array(m);
    if (noise) noiseCovariance(Sigma, wanted, cells, cross);
    const half = cross.slice(), row = (i) => half.subarray(i * n, (i + 1) * n);
    for (let i = 0; i < m; i++) {
      const t = wanted.task[i], x = wanted.x[i], z = forward(L, row(i));
      let prior = noise ? Sigma[t][t] : 0;
      for (const { B, k } of terms) prior += B[t][t] * k(x, x);
      variance[i] = prior - dot(z, z);
    }
    if (!joint) return { cross, variance };
    const covariance = signalCovariance(terms, wanted, wanted);
    if (noise) noiseCovariance(Sigma, wanted, wanted, covariance);
    for (let i = 0; i < m; i++) for (let j = 0; j < m; j++) covariance[i * m + j] -= dot(row(i), row(j));
    return { cross, variance, covariance };
  }

  /* Mean [m] = cross C^-1 y of what was asked of explained, with the weights of logLikelihood. */
  function mean({ cross, variance }, weights) {
    const n = weights.length;
    return variance.map((_, i) => dot(cross.subarray(i * n, (i + 1) * n), weights));
  }

  /* Mean [m], variance [m] and, with joint, covariance [m, m] of the wanted cells, given values of observed ones. */
  function posterior(factor, y, wanted, options) {
    const found = explained(factor, wanted, options);
    return { mean: mean(found, logLikelihood(factor, y).weights), ...found };
  }

  /* A draw from N(mean, covariance), made of n standard normals: the same ones give curves that deform without a jump.
     A smooth kernel on a fine grid is singular in double precision, so here, and only here, the diagonal grows, by 1e-8
     of its largest entry. (The module takes the symmetric root instead.) */
  function sample(mean, covariance, ...normals) {
    const n = mean.length, C = covariance.slice();
    let largest = 0;
    for (let i = 0; i < n; i++) largest = Math.max(largest, C[i * n + i]);
    for (let i = 0; i < n; i++) C[i * n + i] += 1e-8 * largest;
    const L = cholesky(C);
    return normals.map((z) => mean.map((m, i) => m + dot(L.subarray(i * n, i * n + i + 1), z)));
  }

  /* The numbers 0 to n - 1 from coarse to fine: the ends, the middle, the quarters. A draw made in this order from the same
     normals keeps its large features where they are while a length-scale moves. */
  function coarseFirst(n) {
    const order = new Set([0, n - 1]); // a set keeps the order in which its members came
    for (let step = (n - 1) / 2; order.size < n; step /= 2)
      for (let v = step; v < n - 1; v += step) order.add(Math.round(v));
    return [...order];
  }

  /* One task over an even grid: its cells at x; the grid as new rows, which share no noise with the cells, from coarse to
     fine; and what was computed there, as it stands on the grid. */
  function oneTask(grid) {
    const order = coarseFirst(grid.length), place = Array.from(order, (_, i) => order.indexOf(i));
    const cellsAt = (x, row = (i) => i) => ({ x, row: Array.from(x, (_, i) => row(i)), task: Array.from(x, () => 0) });
    const inOrder = (values) => Float64Array.from(place, (n) => values[n]);
    return { cellsAt, wanted: cellsAt(order.map((i) => grid[i]), (i) => -1 - i), inOrder };
  }

  const density = (z) => Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);

  /* Phi, by its series (Marsaglia 2004). */
  function normal(z) {
    if (Math.abs(z) > 8) return z > 0 ? 1 : 0;
    let sum = z, term = z;
    for (let n = 3, last; sum !== last; n += 2) {
      last = sum;
      term *= (z * z) / n;
      sum += term;
    }
    return 0.5 + sum * density(z);
  }

  const distance = (m, sd) => 2 * sd * density(m / sd) + m * (2 * normal(m / sd) - 1); // E|Y| of Y ~ N(m, sd^2)

  /* n standard normals that are the same for the same seed, so that nothing has to be stored. */
  function normals(n, seed) {
    let state = seed * 2654435761;
    const uniform = () => { // mulberry32
      state = (state + 0x6d2b79f5) | 0;
      let v = Math.imul(state ^ (state >>> 15), state | 1);
      v ^= v + Math.imul(v ^ (v >>> 7), v | 61);
      return ((v ^ (v >>> 14)) >>> 0) / 4294967296;
    };
    return Float64Array.from({ length: n }, () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()));
  }

  MTGP.gaussian = { kernels, dot, coregionalization, pair, signalCovariance, noiseCovariance, observationCovariance,
    cholesky, forward, backward, condition, logLikelihood, explained, mean, posterior, sample, coarseFirst, oneTask, normals,
    density, normal, distance };
})((self.MTGP = self.MTGP || {}));
