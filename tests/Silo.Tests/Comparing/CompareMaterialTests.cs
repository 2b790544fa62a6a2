using KVCluster.Inference;
using KVCluster.Inference.Tokenization;
using KVCluster.Silo.Comparing;
using KVCluster.Silo.Judging;
using KVCluster.TestSupport;

namespace KVCluster.Silo.Tests.Comparing;

public class CompareMaterialTests
{
    [Fact]
    public void The_bundled_document_holds_every_answer()
    {
        CompareMaterial material = CompareMaterial.Bundled();
        Assert.InRange(material.Questions.Count, 10, 12);
        Assert.All(material.Questions, q => Assert.True(AnswerJudge.IsRight(material.Document, q.Expected), q.Question));
        Assert.All(material.Questions, q => Assert.False(AnswerJudge.IsRight(q.Question, q.Expected), q.Question));
    }

    [Fact]
    public void The_bundled_document_leaves_room_for_a_question_in_the_bundled_models_context()
    {
        int tokens = Tokenizer.FromHuggingFace(TestPaths.Needle).Encode(CompareMaterial.Bundled().Document, parseSpecial: false).Length;
        Assert.InRange(tokens, 3700, 3950);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("[null]")]
    [InlineData("not json")]
    [InlineData("""[{"question": "a"}]""")]
    [InlineData("""[{"question": null, "expected": ["b"]}]""")]
    [InlineData("""[{"question": " ", "expected": ["b"]}]""")]
    [InlineData("""[{"question": "a", "expected": []}]""")]
    [InlineData("""[{"question": "a", "expected": null}]""")]
    [InlineData("""[{"question": "a", "expected": [""]}]""")]
    [InlineData("""[{"question": "a", "expected": [null]}]""")]
    [InlineData("""[{"question": "a", "expected": ["b"], "answer": "c"}]""")]
    public void Faulty_questions_are_refused_by_file(string json) =>
        Assert.StartsWith(
            "q.json: ", Assert.Throws<InputException>(() => CompareMaterial.ParseQuestions(json, "q.json")).Message, StringComparison.Ordinal);
}
