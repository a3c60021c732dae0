-- One line for benchmarks.load: requests answered, their microseconds in all, those that failed, 95 of 100 within (microseconds).
done = function(summary, latency, _)
  local failed = summary.errors
  io.write(string.format(
    "told %d %d %d %.1f\n", summary.requests, summary.duration,
    failed.connect + failed.read + failed.write + failed.status + failed.timeout, latency:percentile(95.0)))
end
