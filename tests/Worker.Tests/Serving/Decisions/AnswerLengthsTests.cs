using KVCluster.Worker.Serving.Decisions;

namespace KVCluster.Worker.Tests.Serving.Decisions;

public sealed class AnswerLengthsTests
{
    private readonly AnswerLengths _lengths = new();

    [Fact]
    public void Before_any_answer_has_ended_one_may_make_all_it_may() => Assert.Equal(500, _lengths.Left(3, 500));

    [Theory]
    [InlineData(0, 500, 20)]
    [InlineData(15, 500, 5)]
    [InlineData(15, 2, 2)]
    [InlineData(60, 500, 60)]
    [InlineData(60, 7, 7)]
    public void An_answer_is_expected_to_be_as_long_as_others_and_a_longer_one_to_go_on_as_long_again(int made, int most, int left)
    {
        _lengths.Ended(20);

        Assert.Equal(left, _lengths.Left(made, most));
    }

    [Fact]
    public void The_lengths_of_late_are_what_counts()
    {
        _lengths.Ended(1000);
        for (int i = 0; i < 100; i++)
        {
            _lengths.Ended(10);
        }

        Assert.InRange(_lengths.Left(0, 5000), 10, 11);
    }
}
