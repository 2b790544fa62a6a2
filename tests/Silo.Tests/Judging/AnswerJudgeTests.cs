using KVCluster.Silo.Judging;

namespace KVCluster.Silo.Tests.Judging;

public class AnswerJudgeTests
{
    [Theory]
    [InlineData("The gate code for amber-falcon is 48213.", "48213", true)]
    [InlineData("48213", "48213", true)]
    [InlineData("It is LAVENDER, I think.", "lavender", true)]
    [InlineData("id: 7c1e-04b9", "7c1e-04b9", true)]
    [InlineData("482130", "48213", false)]
    [InlineData("148213", "48213", false)]
    [InlineData("148213 and 48213", "48213", true)]
    [InlineData("walnuts", "walnut", false)]
    [InlineData("", "48213", false)]
    [InlineData("4821", "48213", false)]
    public void Expected_text_must_stand_as_whole_words(string answer, string expected, bool right) =>
        Assert.Equal(right, AnswerJudge.IsRight(answer, [expected]));

    [Fact]
    public void All_expected_texts_must_be_there()
    {
        Assert.True(AnswerJudge.IsRight("The word is thistle, the code 76120.", ["76120", "thistle"]));
        Assert.False(AnswerJudge.IsRight("The word is thistle.", ["76120", "thistle"]));
    }
}
