using Orleans.Runtime;

namespace KVCluster.Client.Tests;

public class RetryDecisionTests
{
    private static readonly RetryOptions Options = new()
    {
        Attempts = 4,
        FirstDelay = TimeSpan.FromMilliseconds(100),
        LongestDelay = TimeSpan.FromSeconds(1),
    };

    public static TheoryData<Exception> Passing => new(
        new SessionUnavailableException("gone"), new TimeoutException(), new SiloUnavailableException(), new EnumerationAbortedException());

    public static TheoryData<Exception> Lasting => new(
        new SessionNotFoundException("none"), new InvalidRequestException("bad"), new HistoryMismatchException("other", 3), new OperationCanceledException());

    private static TimeSpan? After(Exception error, int attempt = 1, bool mayRepeat = true, double chance = 0) =>
        RetryDecision.Delay(error, attempt, mayRepeat, Options, chance);

    [Theory, MemberData(nameof(Passing))]
    public void What_passes_is_sent_again_where_it_may_run_twice(Exception error)
    {
        Assert.Equal(Options.FirstDelay, After(error));
        Assert.Null(After(error, mayRepeat: false));
    }

    [Theory, MemberData(nameof(Lasting))]
    public void What_lasts_is_the_callers(Exception error) => Assert.Null(After(error));

    [Fact]
    public void Waits_double_up_to_the_longest_and_are_shortened_by_chance()
    {
        var error = new TimeoutException();
        Assert.Equal([100, 200, 400], Enumerable.Range(1, 3).Select(attempt => After(error, attempt)!.Value.TotalMilliseconds));
        Assert.Equal(TimeSpan.FromMilliseconds(75), After(error, chance: 0.5));
        Assert.Equal(TimeSpan.FromSeconds(1), RetryDecision.Delay(error, 20, true, Options with { Attempts = 30 }, 0));
    }

    [Fact]
    public void After_the_last_attempt_the_error_is_the_callers() => Assert.Null(After(new TimeoutException(), attempt: 4));

    [Fact]
    public void A_device_without_room_is_asked_again_when_it_says_also_for_what_may_not_run_twice()
    {
        Assert.Equal(TimeSpan.FromMilliseconds(700), After(new DeviceOverloadedException("full", TimeSpan.FromMilliseconds(700)), mayRepeat: false));
        Assert.Null(After(new DeviceOverloadedException("full", TimeSpan.FromMinutes(1))));
    }

    [Fact]
    public void A_turn_that_runs_is_waited_for_only_where_it_may_be_ones_own()
    {
        Assert.Null(After(new SessionBusyException("busy")));
        Assert.NotNull(After(new SessionBusyException("busy"), attempt: 2));
    }
}
