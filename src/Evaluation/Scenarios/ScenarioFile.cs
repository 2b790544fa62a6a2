using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using KVCluster.Inference;

namespace KVCluster.Evaluation.Scenarios;

/// <summary>Reads scenario files.</summary>
public static class ScenarioFile
{
    // By reflection: generated readers forget the defaults of properties that a file leaves out.
    private static readonly JsonSerializerOptions _options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowTrailingCommas = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <summary>The scenario of a file.</summary>
    /// <exception cref="InputException">The file cannot be read, or a field is missing, unknown or out of range: the message names it.</exception>
    public static Scenario Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            return Parse(File.ReadAllText(path), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"cannot read the scenario {path}: {e.Message}", e);
        }
    }

    /// <summary>The scenario of a text; <paramref name="name"/> stands in front of errors.</summary>
    /// <exception cref="InputException">As <see cref="Read"/>.</exception>
    public static Scenario Parse(string json, string name)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            Scenario scenario = JsonSerializer.Deserialize<Scenario>(json, _options) ?? throw new InputException("there is nothing in it");
            ScenarioCheck.Check(scenario);
            return scenario;
        }
        catch (JsonException e)
        {
            throw new InputException($"{name}: {(e.Path is null ? "" : $"at {e.Path}: ")}{e.Message}", e);
        }
        catch (InputException e)
        {
            throw new InputException($"{name}: {e.Message}", e);
        }
    }
}
