using KVCluster.Evaluation.Running;

namespace KVCluster.Evaluation.Tests.Running;

public sealed class AnswerScoreTests
{
    [Theory]
    [InlineData(" 123 and ABC.", new[] { "123", "abc" }, 1)]
    [InlineData("only 123", new[] { "123", "abc" }, 0.5)]
    [InlineData("", new[] { "123" }, 0)]
    [InlineData("b then a", new[] { "a", "b" }, 1)]
    [InlineData("a", new[] { "a", "b", "c", "d" }, 0.25)]
    public void The_score_is_the_fraction_found_ignoring_case(string answer, string[] expected, double score) =>
        Assert.Equal(score, AnswerScore.Of(answer, expected));

    [Fact]
    public void Expecting_nothing_is_an_error() => Assert.Throws<ArgumentException>(() => AnswerScore.Of("a", []));
}
