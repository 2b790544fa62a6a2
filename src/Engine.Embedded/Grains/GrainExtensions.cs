using System.Globalization;
using KVCluster.Engine.Embedded;
using Orleans.Runtime;

namespace Orleans;

/// <summary>The identity of grains and references.</summary>
/// <remarks>Every method throws <see cref="ArgumentException"/> for an object that is neither a grain nor a reference.</remarks>
public static class GrainExtensions
{
    /// <summary>A reference by another interface of the same grain; given a grain, a reference to it.</summary>
    /// <exception cref="InvalidCastException">The type is no grain interface.</exception>
    public static TGrainInterface AsReference<TGrainInterface>(this IAddressable grain)
        => (TGrainInterface)(object)ReferenceOf(grain).CastTo(typeof(TGrainInterface));

    /// <inheritdoc cref="AsReference{TGrainInterface}"/>
    public static TGrainInterface Cast<TGrainInterface>(this IAddressable grain) => grain.AsReference<TGrainInterface>();

    /// <summary>The grain's identity.</summary>
    public static GrainId GetGrainId(this IAddressable grain)
        => grain is IGrainBase { GrainContext: { } context } ? context.GrainId : ReferenceOf(grain).GrainId;

    /// <summary>The key of a grain whose key is a text.</summary>
    public static string GetPrimaryKeyString(this IAddressable grain) => grain.GetGrainId().Key.ToString();

    /// <summary>The key of a grain whose key is a GUID.</summary>
    /// <exception cref="InvalidOperationException">The key is not a GUID.</exception>
    public static Guid GetPrimaryKey(this IAddressable grain)
    {
        var id = grain.GetGrainId();
        return Guid.TryParseExact(id.Key.ToString(), "N", out var key) ? key
            : throw new InvalidOperationException($"Unable to extract GUID key from grain id {id}");
    }

    /// <summary>The key of a grain whose key is a number.</summary>
    /// <exception cref="InvalidOperationException">The key is not a number.</exception>
    public static long GetPrimaryKeyLong(this IAddressable grain)
    {
        var id = grain.GetGrainId();
        return long.TryParse(id.Key.ToString(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var key) ? key
            : throw new InvalidOperationException($"Unable to extract integer key from grain id {id}");
    }

    internal static string KeyOf(Guid key) => key.ToString("N");

    internal static string KeyOf(long key) => key.ToString("X", CultureInfo.InvariantCulture);

    private static GrainReference ReferenceOf(IAddressable grain)
    {
        ArgumentNullException.ThrowIfNull(grain);
        return grain switch
        {
            GrainReference reference => reference,
            IGrainBase { GrainContext: { } context } => context.GrainReference,
            _ => throw new ArgumentException($"{grain.GetType().FullName} is neither a grain nor a reference to one.", nameof(grain)),
        };
    }
}
