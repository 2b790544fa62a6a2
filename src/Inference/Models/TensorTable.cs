namespace KVCluster.Inference.Models;

/// <summary>
/// The tensors of a model, taken out by name with the shape the configuration asks for. It remembers what was taken: what is left over at
/// the end is something the computation would have silently ignored.
/// </summary>
internal sealed class TensorTable(string path, IReadOnlyDictionary<string, StoredTensor> tensors)
{
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    public string Path { get; } = path;

    public bool Contains(string name) => tensors.ContainsKey(name);

    /// <summary>The tensors taken so far, by name.</summary>
    public IEnumerable<StoredTensor> Taken => _taken.Order(StringComparer.Ordinal).Select(name => tensors[name]);

    /// <summary>A vector [length] of finite numbers, as float32.</summary>
    public float[] Vector(string name, int length)
    {
        StoredTensor tensor = Take(name, [length]);
        if (tensor.Type is not (ElementType.F32 or ElementType.F16 or ElementType.BF16))
        {
            throw new ModelFormatException(tensor.Path, $"vector '{name}' is of type {tensor.TypeName}");
        }

        float[] values = tensor.ToSingle();
        int bad = Array.FindIndex(values, v => !float.IsFinite(v));
        return bad < 0 ? values : throw new ModelFormatException(tensor.Path, $"'{name}' holds {values[bad]} at index {bad}");
    }

    /// <summary>A matrix [rows, columns].</summary>
    public MappedMatrix Matrix(string name, int rows, int columns, int interleavedHeadSize = 0) =>
        new(TakeMatrix(name, rows, columns), 0, rows, interleavedHeadSize);

    /// <summary>A fused matrix as its parts, one below the other.</summary>
    public MappedMatrix[] Parts(string name, int columns, params ReadOnlySpan<int> rows)
    {
        int all = 0;
        foreach (int part in rows)
        {
            all += part;
        }

        StoredTensor tensor = TakeMatrix(name, all, columns);
        MappedMatrix[] parts = new MappedMatrix[rows.Length];
        int first = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = new MappedMatrix(tensor, first, rows[i], 0);
            first += rows[i];
        }

        return parts;
    }

    /// <exception cref="ModelFormatException">A tensor was not taken although it is not one of the known superfluous ones.</exception>
    public void RequireNothingLeft(string family, Func<string, bool> superfluous)
    {
        string? left = tensors.Keys.Order(StringComparer.Ordinal).FirstOrDefault(name => !_taken.Contains(name) && !superfluous(name));
        if (left is not null)
        {
            throw new ModelFormatException(tensors[left].Path, $"tensor '{left}' has no place in a {family} model of this configuration");
        }
    }

    private StoredTensor TakeMatrix(string name, int rows, int columns)
    {
        StoredTensor tensor = Take(name, [rows, columns]);
        if (tensor.Type is null)
        {
            throw new ModelFormatException(tensor.Path, $"matrix '{name}' is of type {tensor.TypeName}");
        }

        FiniteCheck.Require(tensor);
        return tensor;
    }

    private StoredTensor Take(string name, ReadOnlySpan<long> shape)
    {
        if (!tensors.TryGetValue(name, out StoredTensor? tensor))
        {
            throw new ModelFormatException(Path, $"tensor '{name}' is missing");
        }

        if (!shape.SequenceEqual([.. tensor.Shape]))
        {
            string expected = string.Join(", ", shape.ToArray());
            throw new ModelFormatException(tensor.Path, $"tensor '{name}' is {tensor.Describe()} where [{expected}] was expected");
        }

        _taken.Add(name);
        return tensor;
    }
}
