using KVCluster.Compression;
using KVCluster.Evaluation.Running;
using KVCluster.Inference;

namespace KVCluster.Evaluation.Tests.Running;

public sealed class EvaluationSettingsTests
{
    private static readonly EvaluationSettings s_settings = new() { Policies = [PolicyUnderTest.Parse("streaming-llm")] };

    [Fact]
    public void The_defaults_are_valid() => s_settings.Validate();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-0.5)]
    [InlineData(double.NaN)]
    public void A_ratio_out_of_range_is_refused(double ratio) =>
        Assert.Contains("ratio", Refused(s_settings with { Ratios = [0.5, ratio] }), StringComparison.Ordinal);

    [Fact]
    public void What_is_given_twice_is_refused()
    {
        Assert.Contains("twice", Refused(s_settings with { Ratios = [0.5, 0.5] }), StringComparison.Ordinal);
        Assert.Contains("twice", Refused(s_settings with { Policies = [.. s_settings.Policies, .. s_settings.Policies] }), StringComparison.Ordinal);
        Assert.Contains("no ratio", Refused(s_settings with { Ratios = [] }), StringComparison.Ordinal);
    }

    [Fact]
    public void Scores_from_a_task_are_refused() =>
        Assert.Contains("task", Refused(s_settings with { Policies = [PolicyUnderTest.Parse("kvcompose:scores=task")] }), StringComparison.Ordinal);

    [Fact]
    public void An_unknown_policy_lists_the_valid_ones()
    {
        string message = Assert.Throws<PolicyException>(() => PolicyUnderTest.Parse("kvcompost")).Message;
        Assert.Contains("streaming-llm", message, StringComparison.Ordinal);
    }

    private static string Refused(EvaluationSettings settings) => Assert.Throws<InputException>(settings.Validate).Message;
}
