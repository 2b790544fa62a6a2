using KVCluster.Inference.Sampling;

namespace KVCluster.Inference.Tests.Sampling;

public class SamplingOptionsTests
{
    public static TheoryData<string, SamplingOptions> Bad => new()
    {
        { "Temperature must be a finite number of 0 or more, not -0.1", new SamplingOptions { Temperature = -0.1f } },
        { "Temperature", new SamplingOptions { Temperature = float.NaN } },
        { "Temperature", new SamplingOptions { Temperature = float.PositiveInfinity } },
        { "TopK must be 0 (off) or more, not -1", new SamplingOptions { TopK = -1 } },
        { "TopP must be above 0 and at most 1, not 0", new SamplingOptions { TopP = 0 } },
        { "TopP", new SamplingOptions { TopP = 1.01f } },
        { "TopP", new SamplingOptions { TopP = float.NaN } },
        { "MinP must be from 0 to 1, not -0.5", new SamplingOptions { MinP = -0.5f } },
        { "MinP", new SamplingOptions { MinP = 1.5f } },
        { "MinP", new SamplingOptions { MinP = float.NaN } },
        { "RepetitionPenalty must be a finite number above 0", new SamplingOptions { RepetitionPenalty = 0 } },
        { "RepetitionPenalty", new SamplingOptions { RepetitionPenalty = -1 } },
        { "RepetitionPenalty", new SamplingOptions { RepetitionPenalty = float.NaN } },
        { "RepetitionPenalty", new SamplingOptions { RepetitionPenalty = float.PositiveInfinity } },
        { "MaxTokens must be 1 or more, not 0", new SamplingOptions { MaxTokens = 0 } },
        { "LogProbabilities must be from 0 to 20, not 21", new SamplingOptions { LogProbabilities = 21 } },
        { "LogProbabilities", new SamplingOptions { LogProbabilities = -1 } },
        { "StopStrings must be texts of at least one character, not an empty text", new SamplingOptions { StopStrings = ["a", ""] } },
        { "StopStrings must be a list, which may be empty, not null", new SamplingOptions { StopStrings = null! } },
    };

    public static TheoryData<SamplingOptions> Good => new()
    {
        new SamplingOptions(),
        new SamplingOptions { Temperature = 100, TopK = int.MaxValue, TopP = 1, MinP = 1, RepetitionPenalty = 0.01f, MaxTokens = 1 },
        new SamplingOptions { TopP = float.Epsilon, LogProbabilities = SamplingOptions.MaxLogProbabilities, StopStrings = ["\n"] },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void A_bad_option_is_named_with_its_range(string message, SamplingOptions options)
    {
        InputException error = Assert.Throws<InputException>(options.Validate);

        Assert.Contains($"sampling option {message}", error.Message, StringComparison.Ordinal);
        Assert.Equal(error.Message, Assert.Throws<InputException>(() => new Sampler(options, 10)).Message);
    }

    [Theory]
    [MemberData(nameof(Good))]
    public void Options_at_the_limits_are_accepted_and_work(SamplingOptions options)
    {
        options.Validate();

        Assert.InRange(new Sampler(options, 4).Sample([0, 1, 2, 3]).Token, 0, 3);
    }
}
