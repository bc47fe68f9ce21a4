"""A small interpreter of ROS 2's YAML launch files, for machines without ROS's `launch` package.

    source        YAML text          ->  values that know their file and line
    template      `$(name argument)` ->  literal text and calls
    document      values             ->  actions (fields: their keys, all checked)
    scope         what the actions read and write: variables, environment, file
    substitutions template + scope   ->  text
    parameters    parameters + scope ->  what a --params-file holds
    node          node + scope       ->  command line
    interpreter   actions + scope    ->  processes, in order
    supervisor    processes          ->  running children, their signals and their end
    log           what they and the runner say

The reference is launch 3.4 and launch_ros 0.26 (Jazzy). A file that runs here runs there, and does
the same; where `ros2 launch` guesses, ignores or keeps silent, this runner reports an error.
"""
