namespace KVCluster.Worker.Calibration;

/// <summary>The share done, counted in tokens: each needle prompt is read once to be answered and once more to measure errors.</summary>
internal sealed class CalibrationProgress(CalibrationSettings settings, Action<double>? progress)
{
    private readonly double _random = (double)settings.RandomTokens * settings.Repeats;
    private readonly double _total = ((double)settings.RandomTokens * settings.Repeats)
        + (2.0 * settings.Depths.Count * settings.Lengths.Sum(n => (double)n));

    private double _done;

    public void Random(double share)
    {
        _done = _random * share;
        Report();
    }

    public void Needle(int length) => Step(length);

    public void Error(int length) => Step(length);

    public void End()
    {
        _done = _total;
        Report();
    }

    private void Step(int length)
    {
        _done += length;
        Report();
    }

    private void Report() => progress?.Invoke(_done / _total);
}
