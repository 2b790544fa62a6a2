using KVCluster.Evaluation.Scenarios;
using KVCluster.Grains;
using KVCluster.Worker.Serving;
using Orleans.Runtime;

namespace KVCluster.Silo.Simulating;

/// <summary>
/// Who talks in one session: turns one after another with pauses between, sent again under the same key where a node went away, and later,
/// some times, where there was no room.
/// </summary>
internal sealed class SimulatedClient(SimulatedArrivals run, ScenarioArrivals group, int number, Random random)
{
    private const double AgainSeconds = 1;
    private const int MostAgain = 100;
    private int _turnsLeft = Draw(random, group.Turns);
    private int _refusals;
    private int _again;
    private long _turn;
    private double _arrived;
    private GenerateRequest? _request;

    /// <summary>Its session.</summary>
    public SessionKey Session { get; } = new(group.Tenant, $"{group.Name}-{number}");

    /// <summary>Turns that were acknowledged.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>Tokens of the conversation as last acknowledged.</summary>
    public int Tokens { get; private set; }

    /// <summary>The next turn comes.</summary>
    public void Come()
    {
        _turnsLeft--;
        _turn++;
        _refusals = 0;
        _again = 0;
        _arrived = run.Clock.Seconds;
        int prompt = run.Scale.Tokens(Draw(random, _turn == 1 ? group.DocumentTokens : group.PromptTokens));
        var tokens = new int[prompt];
        Array.Fill(tokens, run.TokenOf(group));
        _request = new GenerateRequest
        {
            Prompt = Prompt.OfTokens(tokens),
            IdempotencyKey = $"turn-{_turn}",
            Sampling = new SamplingSettings { MaxTokens = run.Scale.Tokens(Draw(random, group.AnswerTokens)) },
        };
        Send();
    }

    /// <summary>How many acknowledged turns the session does not know.</summary>
    public async Task<long> LostAsync()
    {
        if (Acknowledged == 0)
        {
            return 0;
        }

        SessionInfo known = await run.SessionOf(Session).Describe();
        return Math.Max(0, Acknowledged - known.Turns) + (known.Turns == Acknowledged && known.Tokens < Tokens ? 1 : 0);
    }

    private static int Draw(Random random, ScenarioRange range) => random.Next(range.Min, range.Max + 1);

    private void Send() => run.Begin(Session, SendAsync);

    private async Task SendAsync()
    {
        double sent = run.Clock.Seconds;
        ISessionGrain session = run.SessionOf(Session);
        try
        {
            if (Acknowledged == 0)
            {
                await session.Create(new SessionOptions { Priority = group.Priority });
            }

            TurnResult? result = null;
            await foreach (TokenChunk chunk in session.Generate(_request!))
            {
                result = chunk.Result ?? result;
            }

            End(result!, sent);
        }
        catch (DeviceOverloadedException busy)
        {
            Refused(busy.RetryAfter);
        }
        catch (Exception error) when (error is SiloUnavailableException or SessionUnavailableException or EnumerationAbortedException
            or SessionBusyException or TimeoutException)
        {
            Again();
        }
        catch (Exception error) when (error is InvalidRequestException or TokenBudgetException)
        {
            // It is larger than any device.
            run.Tally.GaveUp();
        }
    }

    private void End(TurnResult result, double sent)
    {
        Acknowledged++;
        Tokens = result.TotalTokens;
        run.Tally.Served(sent - _arrived + result.FirstTokenSeconds);
        if (_turnsLeft > 0)
        {
            run.Clock.After(-group.PauseSeconds * Math.Log(1 - random.NextDouble()), Come);
        }
    }

    private void Refused(TimeSpan retryAfter)
    {
        run.Tally.Refused(retryAfter);
        if (++_refusals > run.Scenario.Queue.Retries)
        {
            run.Tally.GaveUp();
            return;
        }

        run.Clock.After(retryAfter.TotalSeconds, Send);
    }

    private void Again()
    {
        run.Tally.SentAgain();
        if (++_again > MostAgain)
        {
            run.Tally.GaveUp();
            return;
        }

        // Not all at one instant.
        run.Clock.After(AgainSeconds * (1 + random.NextDouble()), Send);
    }
}
