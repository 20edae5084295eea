/* A hole in one column of a real table, filled by six methods: what they say, and what it scores. */
(function (MTGP) {
  "use strict";

  const { kernels, dot, condition, logLikelihood, explained, mean, density, normal, distance } = MTGP.gaussian;
  const { make, set, write, clamp, shown, figure, Plot, line } = MTGP.explore;

  const NUMBERS = [{
    "name": "Great Lakes",
    "columns": ["Erie", "Michigan-Huron", "Ontario", "St. Clair"],
    "first": 1918.0,
    "step": 1.0,
    "y": [[174.015, 174.1808, 173.9083, 174.0258, 173.9275, 173.7575, 173.8433, 173.5933, 173.6408, 173.8183, 173.9517, 174.3117, 174.27, 173.705, 173.7358, 173.6767, 173.3317, 173.4108, 173.4883, 173.82, 173.8408, 173.8458, 173.795, 173.7, 173.8767, 174.2317, 174.0917, 174.1883, 174.1358, 174.235, 174.2208, 173.9733, 174.135, 174.3242, 174.52, 174.3308, 174.2883, 174.3483, 174.12, 174.0367, 173.8083, 173.85, 174.0942, 174.1008, 173.9075, 173.7267, 173.6075, 173.7125, 173.8992, 174.0592, 174.2042, 174.39, 174.2583, 174.3117, 174.5, 174.7408, 174.6892, 174.6158, 174.5733, 174.2975, 174.3725, 174.3917, 174.5217, 174.3983, 174.425, 174.5208, 174.5225, 174.7283, 174.8983, 174.6675, 174.2617, 174.2258, 174.2942, 174.3267, 174.3567, 174.5042, 174.3667, 174.2842, 174.375, 174.7175, 174.5508, 174.1025, 173.99, 173.9142, 174.0583, 173.9658, 174.1158, 174.17, 174.1467, 174.1392, 174.1592, 174.2483], [176.8867, 176.745, 176.625, 176.4883, 176.445, 176.2642, 176.1867, 175.9192, 175.885, 176.1483, 176.4433, 176.8958, 176.6508, 176.1183, 175.9408, 175.8675, 175.7667, 175.8908, 175.9392, 175.9225, 176.1408, 176.2692, 176.1417, 176.1217, 176.3342, 176.6267, 176.5967, 176.57, 176.6017, 176.5667, 176.5308, 176.2108, 176.2608, 176.7358, 177.085, 176.9333, 176.8292, 176.7225, 176.44, 176.2633, 176.0675, 176.0058, 176.4775, 176.3767, 176.2225, 175.9225, 175.6825, 175.9158, 176.1608, 176.3008, 176.4467, 176.6958, 176.6783, 176.805, 176.8883, 177.1233, 177.0933, 176.9733, 176.8992, 176.505, 176.5908, 176.7942, 176.8033, 176.6983, 176.5983, 176.8333, 176.895, 177.1267, 177.2925, 176.97, 176.5642, 176.4008, 176.35, 176.4692, 176.4792, 176.6958, 176.6783, 176.5275, 176.6542, 176.9842, 176.7167, 176.2358, 175.9783, 175.9508, 176.1183, 175.8917, 176.1108, 176.09, 176.0158, 175.9433, 176.005, 176.2583], [74.8725, 74.9558, 74.5675, 74.6658, 74.6567, 74.4433, 74.5575, 74.39, 74.4025, 74.6067, 74.8008, 75.085, 75.0808, 74.3575, 74.5025, 74.2758, 74.0217, 74.0042, 74.1642, 74.4958, 74.5225, 74.4925, 74.4258, 74.4075, 74.5167, 75.1342, 74.8458, 75.06, 74.9933, 75.1692, 75.0808, 74.7408, 74.8917, 75.2467, 75.3658, 75.015, 74.9817, 75.1458, 74.9217, 74.6333, 74.4283, 74.475, 74.7125, 74.6133, 74.6417, 74.655, 74.2867, 74.3958, 74.69, 74.8583, 74.7992, 74.7492, 74.6858, 74.7233, 74.935, 75.21, 75.0658, 74.81, 75.0442, 74.7583, 74.9208, 74.84, 74.8233, 74.7858, 74.7525, 74.8217, 74.9017, 74.8775, 75.1475, 74.8492, 74.68, 74.7608, 74.8042, 74.87, 74.8325, 75.0425, 74.755, 74.7392, 74.8733, 74.9625, 74.91, 74.5725, 74.78, 74.6992, 74.79, 74.7133, 74.8483, 74.8217, 74.8308, 74.7517, 74.875, 74.8733], [174.9567, 175.0767, 174.815, 174.8692, 174.8108, 174.6525, 174.6375, 174.4058, 174.4017, 174.5983, 174.805, 175.2642, 175.095, 174.5083, 174.5658, 174.5467, 174.2742, 174.3608, 174.3933, 174.6033, 174.6892, 174.7208, 174.645, 174.5817, 174.7675, 175.1125, 174.9817, 175.0892, 175.0383, 175.1042, 175.0975, 174.8317, 174.93, 175.2408, 175.4992, 175.3233, 175.235, 175.2517, 174.9392, 174.88, 174.6292, 174.6567, 174.99, 174.9633, 174.77, 174.56, 174.365, 174.5333, 174.7567, 174.925, 175.0608, 175.2617, 175.15, 175.2692, 175.4208, 175.65, 175.6133, 175.5158, 175.4783, 175.1992, 175.2708, 175.3558, 175.4075, 175.2958, 175.2992, 175.4333, 175.435, 175.7, 175.8517, 175.5608, 175.1933, 175.1092, 175.1308, 175.1975, 175.22, 175.3808, 175.29, 175.1833, 175.2467, 175.6125, 175.3975, 174.9758, 174.7925, 174.7617, 174.8833, 174.7375, 174.9167, 174.9383, 174.8917, 174.8483, 174.92, 175.0767]],
    "scale": [[174.138231522, 0.321237154685], [176.434469565, 0.373630799441], [74.755876087, 0.259421489912], [175.007408696, 0.348123477485]],
    "icm": {"l": 3.84515211576, "means": [0.0210442426861, 0.0431336537091, 0.0524426630906, 0.0212291646716], "B": [[1.17891964796, 1.3082635463, 1.05428697751, 1.20866568156], [1.3082635463, 1.56957618471, 1.18590720408, 1.35955899074], [1.05428697751, 1.18590720408, 1.22439090458, 1.09562430532], [1.20866568156, 1.35955899074, 1.09562430532, 1.2560563204]], "Sigma": [[0.0515152579251, 0.0127898966856, 0.075370739868, 0.0389451910067], [0.0127898966856, 0.0238267979949, 0.0305980143811, 0.0191128767213], [0.075370739868, 0.0305980143811, 0.185513533517, 0.0614132831696], [0.0389451910067, 0.0191128767213, 0.0614132831696, 0.0360288087308]]},
    "own": {"l": 2.65894759117, "means": [-0.00323900354808, 0.03309854174, 0.0218919029872, 0.00232698200368], "B": [[0.929857839205, 0.0, 0.0, 0.0], [0.0, 0.929857839205, 0.0, 0.0], [0.0, 0.0, 0.929857839205, 0.0], [0.0, 0.0, 0.0, 0.929857839205]], "Sigma": [[0.0341572823845, 0.0, 0.0, 0.0], [0.0, 0.0146765740826, 0.0, 0.0], [0.0, 0.0, 0.161659002891, 0.0], [0.0, 0.0, 0.0, 0.0224691394886]]},
    "drift": [[{"l": 1.21549360161, "B": 0.0101149590148, "Sigma": 0.00201819965398}, {"l": 286.964143437, "B": 4.86429236225, "Sigma": 0.0612378126523}, {"l": 2.65315965882, "B": 0.943499377179, "Sigma": 0.0298360700284}], [{"l": 140.303278234, "B": 4.35898654395, "Sigma": 0.0218466840738}, {"l": 286.964143437, "B": 19.5383655911, "Sigma": 0.077783634427}, {"l": 2.65315965882, "B": 1.11716660565, "Sigma": 1.11716660565e-05}], [{"l": 5.42654240499, "B": 0.377885687043, "Sigma": 0.0949205929944}, {"l": 5.08478165586, "B": 0.305799926583, "Sigma": 0.0967024276315}, {"l": 2.18278373107, "B": 0.881849498601, "Sigma": 0.139763726711}], [{"l": 16.3979051892, "B": 0.0237956943371, "Sigma": 0.00377136339647}, {"l": 1.91650044088, "B": 0.0196318130198, "Sigma": 0.00493128847503}, {"l": 2.48606507725, "B": 0.960990787614, "Sigma": 0.00763342115912}]]
  }, {
    "name": "El Niño",
    "columns": ["January", "May", "July", "November"],
    "first": 1950.0,
    "step": 1.0,
    "y": [[23.11, 24.19, 24.52, 24.15, 23.02, 23.75, 23.24, 23.13, 24.89, 23.97, 24.4, 24.58, 24.02, 23.81, 24.15, 24.22, 25.15, 23.66, 23.19, 24.67, 25.02, 23.33, 24.51, 26.03, 23.29, 23.55, 23.51, 24.93, 24.32, 24.71, 24.35, 22.98, 24.36, 27.25, 24.32, 23.84, 24.31, 25.6, 24.76, 24.36, 24.22, 23.99, 25.02, 24.68, 24.56, 25.48, 23.81, 23.7, 28.12, 24.23, 24.01, 24.24, 24.09, 25.01, 25.09, 24.61, 24.76, 25.82, 24.24, 24.39, 24.7], [23.03, 24.79, 23.71, 25.47, 21.73, 22.16, 23.14, 26.72, 24.71, 24.23, 23.53, 23.6, 23.03, 23.97, 21.93, 26.09, 22.92, 23.77, 22.44, 26.07, 22.94, 23.29, 25.47, 23.44, 24.35, 23.71, 25.11, 23.88, 23.15, 24.52, 24.46, 23.9, 24.21, 28.37, 23.58, 22.67, 23.35, 25.96, 23.18, 23.36, 24.14, 24.44, 26.44, 25.6, 23.52, 23.37, 23.11, 26.77, 27.36, 23.64, 24.27, 23.98, 25.29, 23.24, 23.44, 24.31, 23.84, 23.05, 24.43, 24.95, 24.75], [20.63, 23.86, 20.89, 22.2, 19.52, 20.46, 21.47, 23.83, 22.31, 21.5, 20.73, 20.52, 20.6, 21.8, 20.25, 23.26, 20.85, 21.1, 21.25, 22.47, 19.69, 21.01, 24.11, 20.84, 21.58, 21.05, 23.3, 21.63, 21.01, 21.79, 21.26, 21.1, 22.5, 25.73, 21.53, 20.75, 21.64, 23.0, 20.59, 21.27, 21.36, 22.39, 21.84, 22.61, 21.17, 21.42, 20.72, 25.59, 23.61, 21.36, 21.47, 21.48, 21.64, 21.5, 21.26, 21.61, 22.2, 21.05, 23.02, 23.09, 21.11], [20.02, 22.33, 20.77, 21.6, 20.27, 19.84, 20.57, 22.39, 21.52, 21.88, 20.93, 21.09, 20.99, 21.64, 20.88, 22.29, 21.03, 20.2, 21.68, 22.47, 20.61, 20.94, 23.32, 20.71, 20.68, 19.44, 22.14, 21.29, 21.62, 21.95, 21.23, 21.26, 24.57, 22.21, 21.7, 20.97, 22.17, 22.84, 20.96, 21.44, 21.19, 22.4, 21.84, 22.07, 22.27, 21.49, 20.77, 25.85, 21.6, 20.62, 20.67, 20.68, 22.85, 22.33, 22.88, 20.61, 22.61, 19.82, 21.54, 21.99, 20.44]],
    "scale": [[24.3921311475, 0.90642355162], [24.1619672131, 1.31261198701], [21.7439344262, 1.21857923007], [21.5239344262, 1.08522306944]],
    "icm": {"l": 0.413450959167, "means": [-0.00172742344361, -0.000959625241192, -0.00176194259745, -0.00263660556049], "B": [[0.8307252442, 0.248359060926, 0.276437024941, 0.187985605645], [0.248359060926, 0.899821613829, 0.836462917151, 0.568820287781], [0.276437024941, 0.836462917151, 0.931028694452, 0.633127647905], [0.187985605645, 0.568820287781, 0.633127647905, 0.871805061492]], "Sigma": [[0.12383171317, 0.0557758112812, -0.0277029605162, -0.0607543119147], [0.0557758112812, 0.0749179543574, -0.00450054462949, -0.0422844460764], [-0.0277029605162, -0.00450054462949, 0.0455221976821, 0.029131250643], [-0.0607543119147, -0.0422844460764, 0.029131250643, 0.0982972717295]]},
    "own": {"l": 0.376059724425, "means": [-0.000931651082073, -0.00039478180311, -0.00133849926766, -0.00211644803198], "B": [[0.958251844316, 0.0, 0.0, 0.0], [0.0, 0.958251844316, 0.0, 0.0], [0.0, 0.0, 0.958251844316, 0.0], [0.0, 0.0, 0.0, 0.958251844316]], "Sigma": [[0.0500067130643, 0.0, 0.0, 0.0], [0.0, 0.0508015596535, 0.0, 0.0], [0.0, 0.0, 0.0506027969663, 0.0], [0.0, 0.0, 0.0, 0.0510963097815]]},
    "drift": [[{"l": 182.435606612, "B": 3.19852801405, "Sigma": 0.80343391193}, {"l": 182.435606612, "B": 2.54888628842, "Sigma": 0.806028616819}, {"l": 182.435606612, "B": 3.62831988184, "Sigma": 0.911392748037}], [{"l": 0.657766333167, "B": 0.00780518544521, "Sigma": 0.246821635668}, {"l": 182.435606612, "B": 0.00873176710598, "Sigma": 0.873176710598}, {"l": 182.435606612, "B": 0.632333919439, "Sigma": 1.00218172428}], [{"l": 0.787119982121, "B": 0.101995629374, "Sigma": 0.101995629374}, {"l": 182.435606612, "B": 0.00957575354103, "Sigma": 0.957575354103}, {"l": 182.435606612, "B": 0.503842710539, "Sigma": 1.00529837301}], [{"l": 1.52029672176, "B": 0.131236076965, "Sigma": 0.415004914395}, {"l": 36.2565047683, "B": 0.124581580045, "Sigma": 0.989586665561}, {"l": 36.2565047683, "B": 0.154298712645, "Sigma": 0.973559059875}]]
  }, {
    "name": "US economy",
    "columns": ["GDP", "consumption", "investment"],
    "first": 1980.0,
    "step": 0.25,
    "y": [[8.684142, 8.663434, 8.661573, 8.6799, 8.700467, 8.692456, 8.704533, 8.691997, 8.67545, 8.680854, 8.676991, 8.67778, 8.690141, 8.712368, 8.731896, 8.752356, 8.771566, 8.788684, 8.798356, 8.806464, 8.815856, 8.824287, 8.839787, 8.847348, 8.856911, 8.86092, 8.870516, 8.875337, 8.880866, 8.891444, 8.90008, 8.917046, 8.922205, 8.934966, 8.940116, 8.95338, 8.962725, 8.97018, 8.97808, 8.98026, 8.990652, 8.994619, 8.994604, 8.985804, 8.980948, 8.987674, 8.991878, 8.995791, 9.006707, 9.017277, 9.027542, 9.038011, 9.039847, 9.046224, 9.051475, 9.064594, 9.074282, 9.087868, 9.094288, 9.105333, 9.107783, 9.109931, 9.1183, 9.125248, 9.132075, 9.149215, 9.157876, 9.168732, 9.176394, 9.191112, 9.203585, 9.211227, 9.22063, 9.229582, 9.24269, 9.259852, 9.268721, 9.276507, 9.289144, 9.306946, 9.309556, 9.328875, 9.32971, 9.33561, 9.332308, 9.338844, 9.336098, 9.339624, 9.348176, 9.353468, 9.358453, 9.358659, 9.362703, 9.370647, 9.387269, 9.396224, 9.403241, 9.410323, 9.417642, 9.426281, 9.436209, 9.440462, 9.44803, 9.453185, 9.466217, 9.469813, 9.470079, 9.477361, 9.48036, 9.488273, 9.497105, 9.502357, 9.500534, 9.504149, 9.497367, 9.483562, 9.46695, 9.465099, 9.471961], [8.242335, 8.21938, 8.230044, 8.243283, 8.248738, 8.248738, 8.252785, 8.245201, 8.251638, 8.255231, 8.262869, 8.280939, 8.290694, 8.310341, 8.327871, 8.343601, 8.35213, 8.366347, 8.374015, 8.387107, 8.403935, 8.412988, 8.43181, 8.434007, 8.442319, 8.452911, 8.470248, 8.476246, 8.474724, 8.488032, 8.499111, 8.501511, 8.518073, 8.52532, 8.533185, 8.544886, 8.548556, 8.553024, 8.563332, 8.568209, 8.576085, 8.579379, 8.583168, 8.575368, 8.572514, 8.580112, 8.583917, 8.583468, 8.600523, 8.60643, 8.617419, 8.629557, 8.633589, 8.643138, 8.653942, 8.662799, 8.673872, 8.681266, 8.689246, 8.699065, 8.700231, 8.708392, 8.717289, 8.724305, 8.733417, 8.744663, 8.75062, 8.758742, 8.768761, 8.772796, 8.78966, 8.801033, 8.810937, 8.827996, 8.841173, 8.85639, 8.866201, 8.881822, 8.893765, 8.907775, 8.922832, 8.932186, 8.941925, 8.950727, 8.954712, 8.958476, 8.962866, 8.978408, 8.981845, 8.986922, 8.993676, 8.997221, 9.002369, 9.011621, 9.025468, 9.030974, 9.040453, 9.045843, 9.054365, 9.0658, 9.07326, 9.082836, 9.089934, 9.092514, 9.10349, 9.108861, 9.115007, 9.124957, 9.13401, 9.136855, 9.14159, 9.144585, 9.143089, 9.143239, 9.134291, 9.126448, 9.127958, 9.125762, 9.133027], [6.660721, 6.566166, 6.486888, 6.583713, 6.678457, 6.62968, 6.6899, 6.650348, 6.540328, 6.539441, 6.527702, 6.434434, 6.469421, 6.561557, 6.626634, 6.726745, 6.826288, 6.859448, 6.882426, 6.865884, 6.832358, 6.849472, 6.838361, 6.876712, 6.874655, 6.852213, 6.82036, 6.82191, 6.852006, 6.853405, 6.854413, 6.929497, 6.871504, 6.895539, 6.901942, 6.915099, 6.952705, 6.940951, 6.929129, 6.918813, 6.928606, 6.92889, 6.905071, 6.839742, 6.798175, 6.793134, 6.817726, 6.855294, 6.832812, 6.896605, 6.90689, 6.93805, 6.961276, 6.969098, 6.968393, 7.019818, 7.062059, 7.118709, 7.100567, 7.146134, 7.156247, 7.128985, 7.119313, 7.147081, 7.160169, 7.210667, 7.259861, 7.257139, 7.280218, 7.342116, 7.359739, 7.375583, 7.422213, 7.410175, 7.438425, 7.470078, 7.501078, 7.497581, 7.522373, 7.557247, 7.543186, 7.610124, 7.594359, 7.594806, 7.540457, 7.537244, 7.515929, 7.456564, 7.489595, 7.501512, 7.503582, 7.502859, 7.502816, 7.508622, 7.54427, 7.580589, 7.585796, 7.628313, 7.641195, 7.661599, 7.68262, 7.664566, 7.675522, 7.71074, 7.725207, 7.723672, 7.709594, 7.680622, 7.665101, 7.678888, 7.680864, 7.660786, 7.64151, 7.614074, 7.596238, 7.527073, 7.351475, 7.283914, 7.304111]],
    "scale": [[9.10964260504, 0.264924457314], [8.71409194118, 0.288061056105], [7.15471055462, 0.376327689586]],
    "icm": {"l": 13.1723377034, "means": [0.0776870738226, 0.072116942597, -0.0113773239192], "B": [[1.86329569425, 1.15625489479, 5.54363958507], [1.15625489479, 0.847594731015, 3.4400666957], [5.54363958507, 3.4400666957, 19.3749067262]], "Sigma": [[0.000224982882845, -1.73127644169e-05, 0.000675462679284], [-1.73127644169e-05, 0.000171428655797, -0.000367485863478], [0.000675462679284, -0.000367485863478, 0.00483744153095]]},
    "own": {"l": 9.0223687439, "means": [0.0638201562469, 0.0711074347371, -0.348591012586], "B": [[1.08945441828, 0.0, 0.0], [0.0, 1.08945441828, 0.0], [0.0, 0.0, 1.08945441828]], "Sigma": [[0.000146667760249, 0.0, 0.0], [0.0, 0.0001000001, 0.0], [0.0, 0.0, 0.00909291802744]]},
    "drift": [[{"l": 21.8480894718, "B": 0.261068412944, "Sigma": 4.13765550441e-05}, {"l": 1.33657260394, "B": 0.0023622616063, "Sigma": 0.000149048631008}, {"l": 9.74697039649, "B": 1.34720593722, "Sigma": 0.000107012371392}], [{"l": 8.60874470315, "B": 0.034967888774, "Sigma": 5.54203688726e-05}, {"l": 24.7367866796, "B": 1.31178482564, "Sigma": 0.000104198772489}, {"l": 21.8480894718, "B": 2.94495383586, "Sigma": 0.000117240723901}], [{"l": 28.0074198718, "B": 13.2112961248, "Sigma": 0.00104941055292}, {"l": 71.0798886868, "B": 180.771105997, "Sigma": 0.00227577339057}, {"l": 3.18787499176, "B": 0.799575066294, "Sigma": 0.00252847836977}]]
  }];  // all of NUMBERS is written by tools/holes.py

  const METHODS = ["line across", "own curve", "regression", "regression + GP", "ICM, full noise", "half and half"];
  const ROLES = [6, 6, 3, 5, 1, 4]; // the numbers of the methods' colours: the module's plots.role
  const LEAST = 10, EDGE = 0.45; // rows that stay seen; how far a hole goes beyond its rows
  const Z = 1.959963984540054, FLOOR = 1e-4; // of a plain rule's variance, as a share of that of the seen readings

  const start = { table: 0, column: [0, 2, 2], from: [14, 20, 40], to: [25, 29, 59], others: 0, method: 5 };
  const bounds = { table: [0, 2], column: [0, 3], from: [0, 118], to: [0, 118], others: [0, 2], method: [0, 5] };

  function tidy(state) {
    for (const key of ["table", "others", "method"]) state[key] = Math.round(state[key]);
    NUMBERS.forEach(({ y }, k) => {
      const last = y[0].length - 1;
      state.column[k] = Math.min(Math.round(state.column[k]), y.length - 1);
      state.from[k] = Math.min(Math.round(state.from[k]), last);
      state.to[k] = clamp(Math.round(state.to[k]), [state.from[k], Math.min(last, state.from[k] + last - LEAST)]);
    });
  }

  /* The table of a state in standard units, z [T][N] over x: column t has a hole of some rows, in which the columns beside
     it are seen. */
  function asked({ table, column, from, to, others }, numbers) {
    const { y, scale, first, step } = numbers[table], t = column[table], rows = [...y[0].keys()];
    const z = y.map((one, s) => one.map((v) => (v - scale[s][0]) / scale[s][1]));
    const hole = (i) => from[table] <= i && i <= to[table], rest = [...y.keys()].filter((s) => s !== t);
    const beside = rest.slice(0, [rest.length, 1, 0][others]), x = rows.map((i) => first + step * i);
    return { t, x, z, beside, hidden: rows.filter(hole), seen: rows.filter((i) => !hole(i)) };
  }

  /* Cells of pairs [row, task]. */
  const cellsOf = (x, pairs) => ({ x: pairs.map(([i]) => x[i]), row: pairs.map(([i]) => i), task: pairs.map(([, s]) => s) });

  /* The line between the readings beside the hole, the nearest one where there is one alone; variance of a Brownian bridge,
     whose rate is the mean of squared steps over their lengths. */
  function interpolated({ t, x, z, hidden, seen }) {
    const y = z[t], rates = seen.slice(1).map((i, n) => (y[i] - y[seen[n]]) ** 2 / (x[i] - x[seen[n]]));
    const rate = rates.reduce((a, b) => a + b) / rates.length;
    const before = seen.findLast((i) => i < hidden[0]), after = seen.find((i) => i > hidden[0]);
    const all = hidden.map((i) => {
      if (before === undefined) return [y[after], x[after] - x[i]];
      if (after === undefined) return [y[before], x[i] - x[before]];
      const share = (x[i] - x[before]) / (x[after] - x[before]);
      return [(1 - share) * y[before] + share * y[after], (x[i] - x[before]) * (1 - share)];
    });
    return { mean: all.map(([m]) => m), variance: all.map(([, away]) => rate * away) };
  }

  /* What a model of some columns says of the hole: y, whose noise is shared with the cells of its row. */
  function conditioned({ l, means, B, Sigma }, { t, x, z, beside, hidden, seen }, columns) {
    const pairs = columns.flatMap((s) => (beside.includes(s) ? [...z[s].keys()] : seen).map((i) => [i, s]));
    const factor = condition([{ B, k: kernels.matern32(l) }], Sigma, cellsOf(x, pairs));
    const found = explained(factor, cellsOf(x, hidden.map((i) => [i, t])), { noise: true });
    const { weights } = logLikelihood(factor, pairs.map(([i, s]) => z[s][i] - means[s]));
    return { mean: mean(found, weights).map((m) => m + means[t]), variance: found.variance };
  }

  /* Kriging with external drift: 1 and the columns beside the hole, made orthonormal under C^-1 one after the other, and a
     GP of what they leave. Without the law of that, least squares. What a coefficient's error adds is slack^2. */
  function drifted(law, { t, x, z, beside, hidden, seen }) {
    const terms = law ? [{ B: [[law.B]], k: kernels.matern32(law.l) }] : [], at = (rows) => cellsOf(x, rows.map((i) => [i, 0]));
    const factor = condition(terms, [[law ? law.Sigma : 1]], at(seen)), found = explained(factor, at(hidden), { noise: true });
    const solved = (v) => logLikelihood(factor, v).weights, y = seen.map((i) => z[t][i]), basis = [];
    const answer = { mean: mean(found, solved(y)), variance: found.variance };
    let left = dot(y, solved(y));
    for (const values of [z[t].map(() => 1), ...beside.map((s) => z[s])]) {
      let [h, g] = [seen, hidden].map((rows) => rows.map((i) => values[i]));
      for (const one of basis) {
        const share = dot(h, one.weights);
        [h, g] = [h.map((v, i) => v - share * one.h[i]), g.map((v, i) => v - share * one.g[i])];
      }
      const size = Math.sqrt(dot(h, solved(h)));
      [h, g] = [h, g].map((list) => list.map((v) => v / size));
      const weights = solved(h), b = dot(y, weights), slack = mean(found, weights).map((m, i) => g[i] - m);
      basis.push({ h, g, weights });
      answer.mean = answer.mean.map((m, i) => m + b * slack[i]);
      answer.variance = answer.variance.map((v, i) => v + slack[i] ** 2);
      left -= b * b;
    }
    const scale = law ? 1 : left / (seen.length - basis.length);
    return { mean: answer.mean, variance: answer.variance.map((v) => scale * v) };
  }

  /* For each method the normal laws that it mixes in equal parts, each with mean and variance of all hidden cells. */
  function answers({ table, others }, question, numbers) {
    const { own, icm, drift } = numbers[table], { t, z, beside, seen } = question, y = seen.map((i) => z[t][i]);
    const level = y.reduce((a, b) => a + b) / y.length, least = (FLOOR * y.reduce((sum, v) => sum + (v - level) ** 2, 0)) / y.length;
    const plain = (law) => ({ mean: law.mean, variance: law.variance.map((v) => Math.max(v, least)) });
    const bridge = plain(interpolated(question)), gp = plain(drifted(drift[t][others], question));
    const full = conditioned(icm, question, [...z.keys()]);
    return [[bridge], [conditioned(own, question, [t])], [beside.length ? plain(drifted(null, question)) : bridge], [gp], [full], [gp, full]];
  }

  const average = (list, of) => list.reduce((sum, one) => sum + of(one), 0) / list.length;

  /* CRPS of y under an equal mixture of normal laws [m, sd]. */
  const crps = (laws, y) => average(laws, ([m, sd]) => distance(y - m, sd)) -
    average(laws, ([m, sd]) => average(laws, ([m2, sd2]) => distance(m - m2, Math.hypot(sd, sd2)))) / 2;

  /* Where the mixture has a share of 0.025 below (side -1) or above (side 1). */
  function quantile(laws, side) {
    const ends = laws.map(([m, sd]) => m + side * Z * sd), share = normal(side * Z);
    let low = Math.min(...ends), high = Math.max(...ends);
    for (let n = 0; n < 50 && low < high; n++) {
      const middle = (low + high) / 2;
      if (average(laws, ([m, sd]) => normal((middle - m) / sd)) < share) low = middle;
      else high = middle;
    }
    return high;
  }

  /* All numbers of the picture, in sd of the column: for each method its laws, mean and band, CRPS, readings in the band. */
  function compute(state, keep = (name, key, make) => make(), numbers = NUMBERS) {
    const { table, column, from, to, others } = state, key = [table, column[table], from[table], to[table], others].join(";");
    return keep("methods", key, () => {
      const question = asked(state, numbers), { t, z, hidden } = question, y = hidden.map((i) => z[t][i]);
      const methods = answers(state, question, numbers).map((parts) => {
        const cells = hidden.map((_, i) => parts.map(({ mean: m, variance }) => [m[i], Math.sqrt(Math.max(0, variance[i]))]));
        const [low, high] = [-1, 1].map((side) => cells.map((laws) => quantile(laws, side)));
        return { parts, mean: cells.map((laws) => average(laws, ([m]) => m)), low, high,
          crps: average([...y.keys()], (i) => crps(cells[i], y[i])), inside: y.filter((v, i) => low[i] <= v && v <= high[i]).length };
      });
      return { ...question, methods, best: Math.min(...methods.map((method) => method.crps)) };
    });
  }

  const circle = (x, y, r) => `M${x - r},${y}a${r},${r},0,1,0,${2 * r},0a${r},${r},0,1,0,${-2 * r},0Z`;
  const when = (x, step) => (step < 1 ? `${Math.floor(x)} Q${1 + 4 * (x % 1)}` : String(x));

  function build(ui) {
    ui.choice({ key: "table", label: "the table", words: NUMBERS.map((one) => one.name) });
    const columns = NUMBERS.map((one, k) => ui.choice({ key: "column", index: k, label: `the column of ${one.name} that has the hole`, words: one.columns }));
    ui.choice({ key: "others", label: "what is seen of the other columns in the hole", words: ["all others seen", "one", "none"] });
    const drawn = NUMBERS.map(({ name, y, scale, first, step }, k) => {
      const ends = y.flatMap((one, s) => [Math.min, Math.max].map((end) => (end(...one) - scale[s][0]) / scale[s][1]));
      const N = y[0].length, last = first + step * (N - 1), decades = Array.from({ length: 10 }, (_, i) => 1920 + 10 * i);
      const ticks = decades.filter((v) => first <= v && v <= last && (N * step < 70 || v % 20 === 0)), row = (x) => Math.round((x - first) / step);
      const plot = new Plot(ui, { label: `one column of the table ${name}`, x: { range: [first - step, last + step], ticks }, panels: [{ range: [Math.min(...ends) - 0.3, Math.max(...ends) + 0.5], ticks: [-2, 0, 2] }], height: [0.45, 240, 310] });
      plot.svg.style.display = k ? "none" : ""; // they share one place
      const [panel] = plot.panels, others = panel.path("explore-faint"), band = panel.band(), curve = panel.curve();
      plot.gap({
        panel: 0, name: `the hole in ${name}`, words: "", step, drawn: true,
        ends: (state) => [first + step * (state.from[k] - EDGE), first + step * (state.to[k] + EDGE)],
        move: (state, [a, b]) => { state.from[k] = row(a + step * EDGE); state.to[k] = row(b - step * EDGE); },
      });
      return { plot, panel, others, band, curve, seen: panel.path("explore-dot explore-ink"), hollow: panel.path("explore-hollow explore-ink") };
    });
    ui.say("");

    const side = make(ui.box, "div", { class: "explore-side" });
    const table = make(make(side, "div", { role: "radiogroup", "aria-label": "the method that is drawn" }), "table", { class: "explore-scores" });
    const head = make(make(table, "thead"), "tr"), body = make(table, "tbody"), name = `explore-arm-${Math.random().toString(36).slice(2)}`;
    ["filled by", "CRPS (lower is better)", "in the 95 % band"].forEach((words) => make(head, "th", { scope: "col" }, words));
    const lines = METHODS.map((words, number) => {
      const row = make(body, "tr"), label = make(make(row, "th", { scope: "row" }), "label", { class: `explore-task${ROLES[number] + 1}` }), input = make(label, "input", { type: "radio", name });
      make(label, "span", {}, words);
      input.addEventListener("change", () => ui.change((state) => (state.method = number)));
      ui.followers.push((state) => (input.checked = state.method === number));
      return { row, cells: [make(row, "td"), make(row, "td")] };
    });
    const notes = make(side, "div", { class: "explore-wide" });
    make(notes, "p", {}, "Rings are hidden. The GPs' parameters were fitted to the whole table.");
    const more = make(notes, "details", { class: "explore-more" });
    make(more, "summary", {}, "What is drawn");
    make(more, "p", {}, "Dots are seen. What you hide is kept from the data, not from the parameters. Thin lines: the other columns, where seen. Axis and CRPS are in standard deviations of the column; the CRPS is a mean over the hidden readings, its lowest in bold. Band: from the 2.5 to the 97.5 % quantile of the method drawn; half and half is the equal mixture of the two methods above it. With no other column seen, the regression is the line across. The GPs have the kernel Mat\u00e9rn 3/2. The line and the coefficients of regressions come from what is seen.");

    return (state) => {
      const { t, x, z, seen, hidden, beside, methods, best } = compute(state, (name, key, make) => ui.keep(name, key, make));
      const { columns: names, step } = NUMBERS[state.table], { plot, panel, ...draw } = drawn[state.table], method = methods[state.method], colour = ROLES[state.method] + 1;
      columns.forEach((group, k) => (group.style.display = k === state.table ? "" : "none"));
      drawn.forEach((one, k) => (one.plot.svg.style.display = k === state.table ? "" : "none"));
      set(panel.inside, { class: `explore-task${colour}` });
      write(panel.title, `${names[t]} [sd]`);

      const ends = [hidden[0] - 1, hidden.at(-1) + 1].map((i) => (i in x ? [i] : [])), rows = [...ends[0], ...hidden, ...ends[1]];
      const closed = (list) => [...ends[0].map((i) => z[t][i]), ...list, ...ends[1].map((i) => z[t][i])], at = rows.map((i) => x[i]);
      draw.band(at, closed(method.low), closed(method.high));
      draw.curve(at, closed(method.mean));
      const parts = [seen.filter((i) => i < hidden[0]), seen.filter((i) => i > hidden[0])], trace = (list, s) => line(list.map((i) => plot.x(x[i])), list.map((i) => panel.y(z[s][i])));
      set(draw.others, { d: z.flatMap((one, s) => (s === t ? [] : beside.includes(s) ? [trace([...one.keys()], s)] : parts.map((list) => trace(list, s)))).join("") });
      const dots = (list, r) => list.map((i) => circle(plot.x(x[i]), panel.y(z[t][i]), r)).join("");
      set(draw.seen, { d: dots(seen, 2.2) });
      set(draw.hollow, { d: dots(hidden, 2.6) });

      lines.forEach(({ row, cells }, k) => {
        write(cells[0], shown(methods[k].crps, 3));
        write(cells[1], `${methods[k].inside} of ${hidden.length}`);
        row.classList.toggle("explore-best", methods[k].crps === best);
      });
      const lowest = METHODS[methods.findIndex((one) => one.crps === best)];
      ui.say(`${names[t]} without ${when(x[hidden[0]], step)} to ${when(x[hidden.at(-1)], step)}; seen there: ${beside.map((s) => names[s]).join(", ") || "nothing"}.`,
        [colour, `${METHODS[state.method]}: CRPS ${shown(method.crps, 3)}`], `lowest: ${lowest}, ${shown(best, 3)}`);
    };
  }

  MTGP.hole = { compute, start };
  figure("hole", { start, bounds, tidy, build });
})(self.MTGP);
