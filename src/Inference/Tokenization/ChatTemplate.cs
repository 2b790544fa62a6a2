using System.Text.Json;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tokenization.Jinja;

namespace KVCluster.Inference.Tokenization;

/// <summary>
/// A model's own chat template: Jinja text, rendered as Hugging Face transformers renders it. The result tells the template's text from the
/// users', so that a marker like &lt;|im_end|&gt; inside a message is never taken for one of the frame. Immutable; any number of threads
/// may use
/// it at once.
/// </summary>
public sealed class ChatTemplate
{
    private readonly Template _template;
    private readonly IReadOnlyDictionary<string, string> _namedTokens;
    private readonly TimeProvider _time;

    /// <summary>
    /// Parses a template. <paramref name="file"/> is named in errors; <paramref name="namedTokens"/> are the variables for special tokens
    /// ("bos_token"), as <see cref="Tokenizer.NamedTokens"/> has them. Throws <see cref="ModelFormatException"/> naming line and construct
    /// where it needs something outside the supported subset.
    /// </summary>
    public ChatTemplate(string file, string text, IReadOnlyDictionary<string, string> namedTokens, TimeProvider? time = null)
    {
        _template = Template.Parse(file, text);
        _namedTokens = namedTokens;
        _time = time ?? TimeProvider.System;
        Text = text;
    }

    /// <summary>The template's Jinja text.</summary>
    public string Text { get; }

    /// <summary>The template that a model's files hold, or null where they hold none. Throws <see cref="ModelFormatException"/>.</summary>
    public static ChatTemplate? Load(LoadedModel model, Tokenizer tokenizer) => model.Format == "gguf"
        ? FromGguf(model.Metadata, tokenizer, model.Path)
        : FromHuggingFace(model.Path, tokenizer);

    /// <summary>
    /// chat_template.jinja of a Hugging Face folder, else "chat_template" of its tokenizer_config.json (of several named ones, "default");
    /// null where there is none. Throws <see cref="ModelFormatException"/>.
    /// </summary>
    public static ChatTemplate? FromHuggingFace(string folder, Tokenizer tokenizer) =>
        ChatTemplateFiles.Find(folder) is var (file, text) ? new ChatTemplate(file, text, tokenizer.NamedTokens) : null;

    /// <summary>
    /// "tokenizer.chat_template" of GGUF metadata, or null where there is none. Throws <see cref="ModelFormatException"/>.
    /// </summary>
    public static ChatTemplate? FromGguf(IReadOnlyDictionary<string, object> metadata, Tokenizer tokenizer, string file = "GGUF metadata")
    {
        if (!metadata.TryGetValue("tokenizer.chat_template", out object? value))
        {
            return null;
        }

        return value is string text
            ? new ChatTemplate(file, text, tokenizer.NamedTokens)
            : throw new ModelFormatException(file, $"tokenizer.chat_template is of type {value.GetType().Name}, not String");
    }

    /// <summary>
    /// The conversation as the model wants to read it; with <paramref name="addGenerationPrompt"/> an answer is opened at its end.
    /// <paramref name="tools"/> are functions the model may call, as JSON schemas; <paramref name="variables"/> are further variables of
    /// the
    /// template ("enable_thinking"). Throws <see cref="InputException"/> where the template refuses the messages.
    /// </summary>
    public IReadOnlyList<TextSegment> Render(
        IReadOnlyList<ChatMessage> messages,
        bool addGenerationPrompt,
        IReadOnlyList<JsonElement>? tools = null,
        IReadOnlyDictionary<string, JsonElement>? variables = null)
    {
        try
        {
            List<(string, object?)> all = _namedTokens.Select(t => (t.Key, (object?)(MarkedString)t.Value)).ToList();
            all.Add(("documents", null));
            all.AddRange((variables ?? new Dictionary<string, JsonElement>()).Select(v => (v.Key, JsonValues.FromJson(v.Value))));
            all.Add(("messages", messages.Select(Value).ToList()));
            all.Add(("tools", tools is null ? null : tools.Select(JsonValues.FromJson).ToList()));
            all.Add(("add_generation_prompt", addGenerationPrompt));
            long length = messages.Sum(m => Length(m)) + Length(tools) + Length(variables?.Values);
            return _template.Render(all, length, _time);
        }
        catch (TemplateException e)
        {
            throw new InputException($"the messages cannot be rendered: {e.Message}", e);
        }
    }

    /// <summary>
    /// As <see cref="Render"/>, in token ids. With <paramref name="plainUserText"/>, as a server should, special tokens written in messages
    /// are plain text; otherwise they are parsed there too.
    /// </summary>
    public int[] Encode(
        Tokenizer tokenizer,
        IReadOnlyList<ChatMessage> messages,
        bool addGenerationPrompt,
        bool plainUserText = true,
        IReadOnlyList<JsonElement>? tools = null,
        IReadOnlyDictionary<string, JsonElement>? variables = null) =>
        tokenizer.Encode(Render(messages, addGenerationPrompt, tools, variables), plainUserText);

    private static object? Value(ChatMessage message)
    {
        var value = new TemplateDictionary();
        value.Set("role", MarkedString.Of(message.Role, fromUser: true));
        value.Set("content", MarkedString.Of(message.Content, fromUser: true));
        foreach ((string name, JsonElement field) in message.Fields ?? new Dictionary<string, JsonElement>())
        {
            value.Set(MarkedString.Of(name, fromUser: true), JsonValues.FromJson(field));
        }

        return value;
    }

    private static long Length(ChatMessage message) => message.Role.Length + message.Content.Length + Length(message.Fields?.Values);

    private static long Length(IEnumerable<JsonElement>? elements) =>
        elements?.Sum(e => e.ValueKind == JsonValueKind.Undefined ? 0L : e.GetRawText().Length) ?? 0;
}
