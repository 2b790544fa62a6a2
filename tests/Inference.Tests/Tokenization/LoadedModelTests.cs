using KVCluster.Inference.Models;
using KVCluster.Inference.Tokenization;
using KVCluster.TestSupport;

namespace KVCluster.Inference.Tests.Tokenization;

public class LoadedModelTests
{
    [Fact]
    public void A_Hugging_Face_model_brings_its_tokenizer_and_template() => AssertChats(TestPaths.Needle);

    [Fact]
    public void A_folder_of_links_as_Hugging_Faces_cache_has_them_is_read_as_the_files_are()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("kvcluster-links");
        try
        {
            foreach (string file in Directory.GetFiles(TestPaths.Needle))
            {
                File.CreateSymbolicLink(Path.Combine(folder.FullName, Path.GetFileName(file)), file);
            }

            AssertChats(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [GoldenFact(SmolLm2Goldens.Part, needsSmolLm2: true)]
    [Trait("Category", "Goldens")]
    public void A_gguf_model_brings_its_tokenizer_and_template() => AssertChats(TestPaths.SmolLm2!);

    private static void AssertChats(string path)
    {
        using LoadedModel model = ModelLoader.Open(path);
        Tokenizer tokenizer = Tokenizer.Load(model);
        ChatTemplate template = ChatTemplate.Load(model, tokenizer)!;
        int[] ids = template.Encode(tokenizer, [new ChatMessage("user", "Hi")], addGenerationPrompt: true);
        Assert.EndsWith("user\nHi<|im_end|>\n<|im_start|>assistant\n", tokenizer.Decode(ids), StringComparison.Ordinal);
        Assert.InRange(tokenizer.VocabularySize, 1, model.Config.VocabularySize);
        Assert.Contains(tokenizer.EosId!.Value, model.Config.EndTokens);
    }
}
