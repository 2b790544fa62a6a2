namespace Orleans
{
    /// <summary>The name of a grain's type, the first part of its grain id, in place of the one made from the class name.</summary>
    /// <param name="grainType">The name.</param>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class GrainTypeAttribute(string grainType) : Attribute
    {
        internal string Name { get; } = grainType;
    }

    /// <summary>How long activations of this class stay without a call.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public class CollectionAgeLimitAttribute : Attribute
    {
        /// <summary>The shortest age; a shorter one counts as this.</summary>
        public static readonly TimeSpan MinAgeLimit = TimeSpan.FromMinutes(1);

        private readonly TimeSpan? _value;

        /// <summary>An age by the properties.</summary>
        public CollectionAgeLimitAttribute()
        {
        }

        /// <summary>An age in the format of <see cref="TimeSpan.Parse(string)"/>.</summary>
        public CollectionAgeLimitAttribute(string inactivityPeriod)
            => _value = TimeSpan.Parse(inactivityPeriod, System.Globalization.CultureInfo.InvariantCulture);

        /// <summary>Days of the age.</summary>
        public double Days { get; set; }

        /// <summary>Hours of the age.</summary>
        public double Hours { get; set; }

        /// <summary>Minutes of the age.</summary>
        public double Minutes { get; set; }

        /// <summary>Activations of this class are never collected.</summary>
        public bool AlwaysActive { get; set; }

        /// <summary>The age.</summary>
        public TimeSpan AgeLimit
        {
            get
            {
                var age = AlwaysActive ? TimeSpan.FromDays(short.MaxValue)
                    : _value ?? TimeSpan.FromDays(Days) + TimeSpan.FromHours(Hours) + TimeSpan.FromMinutes(Minutes);
                return age < MinAgeLimit && _value is null ? MinAgeLimit : age;
            }
        }
    }
}

namespace Orleans.Runtime
{
    /// <summary>Marks a constructor's parameter as a state kept by a grain storage.</summary>
    /// <param name="stateName">The state's name within the grain.</param>
    /// <param name="storageName">The storage's name; the default storage when null.</param>
    [AttributeUsage(AttributeTargets.Parameter)]
    public class PersistentStateAttribute(string stateName, string? storageName = null) : Attribute
    {
        /// <summary>The state's name within the grain.</summary>
        public string StateName { get; } = stateName ?? throw new ArgumentNullException(nameof(stateName));

        /// <summary>The storage's name; null for the default storage.</summary>
        public string? StorageName { get; } = storageName;
    }
}
