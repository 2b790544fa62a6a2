using System.Text.Json;
using static KVCluster.Inference.Sampling.Constraints.GrammarBuilder;

namespace KVCluster.Inference.Sampling.Constraints;

/// <summary>
/// Turns a JSON Schema (2020-12, the part that a grammar can say) into a grammar: type, properties, required, additionalProperties, items,
/// minItems, maxItems, minLength, maxLength, enum, const, anyOf, oneOf with one branch, allOf with one branch, $ref into the document.
/// Properties come in the order in which the schema names them. What it cannot say is refused by name, never ignored.
/// </summary>
internal sealed class JsonSchemaGrammar
{
    private const int MaxDepth = 64;
    private const int MaxRepeat = 1024;
    private static readonly HashSet<string> Annotations =
        ["title", "description", "default", "examples", "$schema", "$id", "$comment", "$defs", "definitions", "deprecated", "readOnly", "writeOnly"];

    private readonly JsonElement _document;
    private readonly GrammarBuilder _grammar = new();
    private readonly JsonRules _json;
    private readonly Dictionary<string, int> _references = new(StringComparer.Ordinal);

    private JsonSchemaGrammar(JsonElement document)
    {
        _document = document;
        _json = new JsonRules(_grammar);
    }

    /// <summary>Any JSON object.</summary>
    public static Grammar AnyObject()
    {
        var grammar = new GrammarBuilder();
        return grammar.Build(new JsonRules(grammar).Object);
    }

    /// <summary>Values of a schema.</summary>
    /// <exception cref="InputException">A part of the schema is not supported or malformed; the message names it by its JSON pointer.</exception>
    public static Grammar Of(JsonElement schema)
    {
        var compiler = new JsonSchemaGrammar(schema);
        return compiler._grammar.Build(compiler.Compile(schema, "#", 0));
    }

    private GrammarSymbol Compile(JsonElement schema, string path, int depth)
    {
        if (depth > MaxDepth)
        {
            throw Fault(path, $"nested more than {MaxDepth} deep");
        }

        if (schema.ValueKind == JsonValueKind.True)
        {
            return _json.Value;
        }

        if (schema.ValueKind != JsonValueKind.Object)
        {
            throw Fault(path, "not a schema: an object or true is expected");
        }

        var part = new SchemaPart(schema, path, Annotations);
        GrammarSymbol symbol = CompilePart(part, depth);
        part.RequireAllUsed();
        return symbol;
    }

    private GrammarSymbol CompilePart(SchemaPart part, int depth)
    {
        if (part.Take("$ref") is { } reference)
        {
            return Reference(Text(reference, part.At("$ref")), part.At("$ref"), depth);
        }

        if (part.Take("const") is { } constant)
        {
            return OneOf(Literals([constant], part), part.At("const"));
        }

        if (part.Take("enum") is { } values)
        {
            return OneOf(Literals(Items(values, part.At("enum")), part), part.At("enum"));
        }

        foreach (string combination in (ReadOnlySpan<string>)["anyOf", "oneOf", "allOf"])
        {
            if (part.Take(combination) is { } branches)
            {
                part.Take("type");
                return Branches(Items(branches, part.At(combination)), combination, part.At(combination), depth);
            }
        }

        return Typed(part, depth);
    }

    /// <summary>Named values, those alone that are of a type the schema allows.</summary>
    private List<GrammarSymbol> Literals(List<JsonElement> values, SchemaPart part)
    {
        string path = part.At("type");
        List<string>? types = part.Take("type") switch
        {
            null => null,
            { ValueKind: JsonValueKind.Array } several => Items(several, path).ConvertAll(t => Text(t, path)),
            { } one => [Text(one, path)],
        };
        List<JsonElement> typed = values.FindAll(v => types is null || types.Exists(t => JsonTypes.Is(v, t, path)));
        return typed.Count > 0 || values.Count == 0
            ? typed.ConvertAll(v => _grammar.Literal(Canonical(v)))
            : throw Fault(path, "no value that the schema names is of this type");
    }

    private GrammarSymbol Typed(SchemaPart part, int depth)
    {
        JsonElement? type = part.Take("type");
        if (type is null)
        {
            return part.Has("properties") ? Object(part, depth) : part.Has("items") ? Array(part, depth) : _json.Value;
        }

        if (type.Value.ValueKind == JsonValueKind.Array)
        {
            return OneOf(Items(type.Value, part.At("type")).ConvertAll(t => OfType(Text(t, part.At("type")), part, depth)), part.At("type"));
        }

        return OfType(Text(type.Value, part.At("type")), part, depth);
    }

    private GrammarSymbol OfType(string type, SchemaPart part, int depth) => type switch
    {
        "object" => Object(part, depth),
        "array" => Array(part, depth),
        "string" => String(part),
        "integer" => _json.Integer,
        "number" => _json.Number,
        "boolean" => _json.Boolean,
        "null" => _json.Null,
        _ => throw Fault(part.At("type"), $"no such type: {type}"),
    };

    private GrammarSymbol String(SchemaPart part)
    {
        int least = part.TakeCount("minLength", MaxRepeat) ?? 0;
        int? most = part.TakeCount("maxLength", MaxRepeat);
        return least == 0 && most is null
            ? _json.String
            : _grammar.Sequence(JsonRules.Quote, _grammar.Repeat(_json.Character, least, AtLeast(most, least, part.Path)), JsonRules.Quote);
    }

    private GrammarSymbol Array(SchemaPart part, int depth)
    {
        int least = part.TakeCount("minItems", MaxRepeat) ?? 0;
        int? most = AtLeast(part.TakeCount("maxItems", MaxRepeat), least, part.Path);
        GrammarSymbol item = part.Take("items") is { } items ? Compile(items, part.At("items"), depth + 1) : _json.Value;
        return _json.List('[', ']', item, least, most);
    }

    private GrammarSymbol Object(SchemaPart part, int depth)
    {
        JsonElement? properties = part.Take("properties");
        HashSet<string> required = [.. Items(part.Take("required"), part.At("required")).Select(r => Text(r, part.At("required")))];
        bool open = IsOpen(part);
        if (properties is null)
        {
            return required.Count > 0 ? throw Fault(part.At("required"), "names properties that the schema does not describe") : _json.Object;
        }

        if (open)
        {
            throw Fault(part.At("additionalProperties"), "true is not supported beside properties");
        }

        var members = new List<(GrammarSymbol Member, bool Required)>();
        if (properties.Value.ValueKind != JsonValueKind.Object)
        {
            throw Fault(part.At("properties"), "must be an object");
        }

        foreach (JsonProperty property in properties.Value.EnumerateObject())
        {
            GrammarSymbol value = Compile(property.Value, $"{part.At("properties")}/{property.Name}", depth + 1);
            GrammarSymbol name = _grammar.Literal(JsonSerializer.Serialize(property.Name, CanonicalJson.Options));
            members.Add((_grammar.Sequence(name, _json.Separator(':'), value), required.Remove(property.Name)));
        }

        return required.Count > 0
            ? throw Fault(part.At("required"), $"names {required.First()}, which properties does not describe")
            : Members(members);
    }

    private static bool IsOpen(SchemaPart part) => part.Take("additionalProperties")?.ValueKind switch
    {
        null or JsonValueKind.False => false,
        JsonValueKind.True => true,
        _ => throw Fault(part.At("additionalProperties"), "only true and false are supported"),
    };

    /// <summary>Members in order, those not required left out at will; commas only between those present.</summary>
    private GrammarSymbol Members(List<(GrammarSymbol Member, bool Required)> members)
    {
        // after[i]: what may follow once a member was written; first[i]: what may come while none was.
        GrammarSymbol comma = _json.Separator(',');
        GrammarSymbol after = _grammar.Sequence();
        GrammarSymbol first = _grammar.Sequence();
        for (int i = members.Count - 1; i >= 0; i--)
        {
            (GrammarSymbol member, bool required) = members[i];
            GrammarSymbol begin = _grammar.Sequence(member, after);
            GrammarSymbol go = _grammar.Sequence(comma, member, after);
            first = required ? begin : _grammar.OneOf(begin, first);
            after = required ? go : _grammar.OneOf(go, after);
        }

        return _grammar.Sequence(Bytes(ByteSet.Of((byte)'{')), _json.Space, first, _json.Space, Bytes(ByteSet.Of((byte)'}')));
    }

    private GrammarSymbol Branches(List<JsonElement> branches, string keyword, string path, int depth)
    {
        // Whether exactly one or every one of several matches is not a grammar's question.
        if (keyword != "anyOf" && branches.Count != 1)
        {
            throw Fault(path, "is supported with one branch only; anyOf takes several");
        }

        return OneOf(branches.Select((b, i) => Compile(b, $"{path}/{i}", depth + 1)).ToList(), path);
    }

    private GrammarSymbol Reference(string reference, string path, int depth)
    {
        if (!_references.TryGetValue(reference, out int rule))
        {
            rule = _grammar.NewRule();
            _references.Add(reference, rule);
            _grammar.Add(rule, Compile(Resolve(reference, path), reference, depth + 1));
        }

        return Ref(rule);
    }

    private JsonElement Resolve(string reference, string path)
    {
        if (reference != "#" && !reference.StartsWith("#/", StringComparison.Ordinal))
        {
            throw Fault(path, $"{reference}: only references into the schema itself are supported");
        }

        JsonElement at = _document;
        foreach (string step in reference.Split('/').Skip(1))
        {
            string name = Uri.UnescapeDataString(step).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(name, out at))
            {
                throw Fault(path, $"{reference} is not in the schema");
            }
        }

        return at;
    }

    private GrammarSymbol OneOf(List<GrammarSymbol> choices, string path) =>
        choices.Count > 0 ? _grammar.OneOf([.. choices]) : throw Fault(path, "is empty");

    private static int? AtLeast(int? most, int least, string path) =>
        most < least ? throw Fault(path, $"the maximum {most} is below the minimum {least}") : most;

    private static List<JsonElement> Items(JsonElement? array, string path) => array switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } => [.. array.Value.EnumerateArray()],
        _ => throw Fault(path, "must be an array"),
    };

    private static string Text(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Fault(path, "must be a string");

    private static string Canonical(JsonElement value) => JsonSerializer.Serialize(value, CanonicalJson.Options);

    internal static InputException Fault(string path, string what) => new($"JSON schema, {path}: {what}");
}
