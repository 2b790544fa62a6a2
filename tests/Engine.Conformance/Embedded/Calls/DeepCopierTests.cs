using System.Collections.Immutable;
using KVCluster.Engine.Conformance.Grains;
using KVCluster.Engine.Embedded;
using Orleans.Runtime;
using Orleans.Serialization;

namespace KVCluster.Engine.Conformance.Embedded.Calls;

public sealed class DeepCopierTests
{
    [Fact]
    public void What_cannot_change_is_passed_as_it_is()
    {
        object[] values =
        [
            "text", 5, 5m, Guid.NewGuid(), new Version(1, 2), DateTime.UnixEpoch, new Uri("http://a/"), GrainId.Create("a", "b"),
            new Frozen("a", 1, [1, 2]), new SealedParcel([1]), new InvalidOperationException(), typeof(int), ImmutableArray.Create(1, 2),
        ];

        Assert.All(values, value => Assert.Same(value, DeepCopier.CopyObject(value)));
    }

    [Fact]
    public void Arrays_and_collections_are_copied_with_what_they_hold()
    {
        var parcel = new Parcel("a", [1]);
        var array = DeepCopier.Copy(new[] { parcel, parcel });
        var list = DeepCopier.Copy(new List<Parcel> { parcel });
        var set = DeepCopier.Copy(new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "A" });
        var dictionary = DeepCopier.Copy(new Dictionary<string, int[]> { ["a"] = [1] });
        var memory = DeepCopier.Copy(new ReadOnlyMemory<byte>([1, 2, 3], 1, 2));

        Assert.NotSame(parcel, array[0]);
        Assert.Same(array[0], array[1]);
        Assert.NotSame(parcel.Numbers, list[0].Numbers);
        Assert.Contains("a", set);
        Assert.Equal([1], dictionary["a"]);
        Assert.Equal([2, 3], memory.ToArray());
    }

    [Fact]
    public void Value_types_and_tuples_are_copied_with_what_they_hold()
    {
        var numbers = new[] { 1 };
        var tuple = DeepCopier.Copy((numbers, "a"));
        var optional = DeepCopier.Copy<Holder?>(new Holder(numbers));

        Assert.NotSame(numbers, tuple.numbers);
        Assert.NotSame(numbers, optional!.Value.Numbers);
        Assert.Equal([1], optional.Value.Numbers);
    }

    [Fact]
    public void An_interface_is_copied_as_what_is_behind_it()
    {
        IReadOnlyList<int> numbers = new List<int> { 1, 2 };
        var copy = DeepCopier.Copy(new Hidden(numbers));

        Assert.NotSame(numbers, copy.Numbers);
        Assert.Equal(numbers, copy.Numbers);
    }

    [Fact]
    public void A_type_that_says_nothing_of_being_sent_is_refused_by_name()
        => Assert.Contains(nameof(Unsendable), Assert.Throws<CodecNotFoundException>(() => DeepCopier.CopyObject(new List<Unsendable> { new() })).Message);

    [GenerateSerializer]
    public sealed record Frozen([property: Id(0)] string Name, [property: Id(1)] int Number, [property: Id(2)] ImmutableArray<int> Numbers);

    [GenerateSerializer]
    public readonly record struct Holder([property: Id(0)] int[] Numbers);

    [GenerateSerializer]
    public sealed record Hidden([property: Id(0)] IReadOnlyList<int> Numbers);
}
