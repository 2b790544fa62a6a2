namespace KVCluster.Grains.Tests.Chaos;

/// <summary>What happened in a chaos run.</summary>
internal sealed class ChaosCounts
{
    private int _turns;
    private int _tokens;
    private int _retries;
    private int _forks;
    private int _moves;
    private int _left;
    private int _cancelled;
    private int _repeated;
    private int _cut;
    private int _whole;
    private int _demoted;

    public int Kills { get; set; }

    public int Drains { get; private set; }

    public int HandedOver { get; private set; }

    public int Turns => _turns;

    public void Drained(DrainReport report)
    {
        Drains++;
        HandedOver += report.HandedOver;
    }

    public void Acknowledged(int tokens)
    {
        Interlocked.Increment(ref _turns);
        Interlocked.Add(ref _tokens, tokens);
    }

    public void Retried() => Interlocked.Increment(ref _retries);

    public void Forked() => Interlocked.Increment(ref _forks);

    public void Moved() => Interlocked.Increment(ref _moves);

    public void Left() => Interlocked.Increment(ref _left);

    public void Cancelled(bool inTime) => Interlocked.Add(ref _cancelled, inTime ? 1 : 0);

    public int Cut => _cut;

    public void CutOne() => Interlocked.Increment(ref _cut);

    public void MadeWhole() => Interlocked.Increment(ref _whole);

    public void Demoted() => Interlocked.Increment(ref _demoted);

    public void Repeated() => Interlocked.Increment(ref _repeated);

    public override string ToString() =>
        $"{_turns} turns acknowledged with {_tokens} tokens, {_cancelled} of them cancelled, {_repeated} asked for again; "
        + $"{_left} turns left; {_forks} forks, {_moves} moves, {_cut} cuts, {_whole} made whole, {_demoted} demoted, {Kills} nodes killed, {Drains} drained with {HandedOver} turns handed over; {_retries} calls sent again";
}
